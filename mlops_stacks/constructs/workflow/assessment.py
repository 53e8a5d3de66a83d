"""From predictions to what a person decides by: metrics, the live model's, and the gate."""

from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from mlops_stacks.constructs.workflow.candidate import CANDIDATE_PREDICTIONS
from mlops_stacks.constructs.workflow.comparison import ComparisonStates
from mlops_stacks.constructs.workflow.evaluation import (
    EvaluationCalls,
    EvaluationNames,
    EvaluationStates,
)
from mlops_stacks.constructs.workflow.expressions import (
    COMMIT_ID,
    IMAGE_URI,
    TRAINED_BEFORE,
    jsonata,
)
from mlops_stacks.constructs.workflow.failure import FailurePath
from mlops_stacks.constructs.workflow.inspection import UnchangedDataStates
from mlops_stacks.constructs.workflow.prediction import PredictionResources
from mlops_stacks.constructs.workflow.retries import retry_lambda
from mlops_stacks.names import Names


class AssessmentStates(Construct):
    """Leaves the variables `evaluation`, `live` and `evidence`, the gate's judgement in it.

    Args:
        trains: whether models are trained here.

    Attributes:
        start: the first state.
        end: the last state.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: Names,
        resources: PredictionResources,
        calls: EvaluationCalls,
        inspect: lambda_.IFunction,
        find_live: lambda_.IFunction,
        gather: lambda_.IFunction,
        trains: bool,
        failure: FailurePath,
    ) -> None:
        super().__init__(scope, construct_id)
        self._trains = trains
        self.end = self._gather(names, bucket_name=resources.bucket.bucket_name, gather=gather)
        retry_lambda(self.end)
        failure.catch(self.end)
        evaluation = EvaluationStates(
            self,
            "Evaluation",
            calls=calls,
            names=EvaluationNames(
                plan="Plan the evaluation",
                measure_all="Measure the parts",
                measure="Measure a part",
                merge="Merge the parts",
                variable="plan",
            ),
            predictions=CANDIDATE_PREDICTIONS,
            assign={"evaluation": jsonata("$states.result.Payload")},
            catch=failure.catch,
        )
        comparison = ComparisonStates(
            self,
            "Comparison",
            find_live=find_live,
            endpoint_name=names.endpoint,
            resources=resources,
            calls=calls,
            # All jobs that read the held-out data are over then.
            then=UnchangedDataStates(
                self,
                "UnchangedData",
                bucket=resources.bucket,
                inspect=inspect,
                trains=trains,
                then=self.end,
                failure=failure,
            ).start,
        )
        evaluation.end.next(comparison.start)
        self.start = evaluation.start

    def _gather(
        self, names: Names, *, bucket_name: str, gather: lambda_.IFunction
    ) -> tasks.LambdaInvoke:
        return tasks.LambdaInvoke.jsonata(
            self,
            "Gather the evidence",
            lambda_function=gather,
            payload=sfn.TaskInput.from_object(
                {
                    "modelName": names.model,
                    "commitId": COMMIT_ID,
                    "imageUri": IMAGE_URI,
                    "jobName": jsonata("$trainingJob"),
                    "trainedBefore": TRAINED_BEFORE,
                    "bucket": bucket_name,
                    "evaluation": jsonata("$evaluation"),
                    "data": jsonata("$data"),
                    "endpointName": names.endpoint,
                    "live": jsonata("$live"),
                    "liveReportKey": jsonata("$liveReportKey"),
                    # Of a training elsewhere, only what came with the model is known.
                    **({} if self._trains else {"training": jsonata("$training")}),
                }
            ),
            assign={"evidence": jsonata("$states.result.Payload")},
        )
