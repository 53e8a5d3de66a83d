"""From predictions to what a person decides by: metrics, and how the live model compares."""

from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from mlops_stacks.constructs.data_store import PREDICTIONS_PREFIX
from mlops_stacks.constructs.workflow.expressions import COMMIT_ID, IMAGE_URI, jsonata
from mlops_stacks.constructs.workflow.failure import FailurePath
from mlops_stacks.constructs.workflow.retries import retry_lambda
from mlops_stacks.names import Names


class AssessmentStates(Construct):
    """Leaves the variables `evaluation` and `evidence`.

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
        bucket: s3.IBucket,
        evaluate: lambda_.IFunction,
        gather: lambda_.IFunction,
        failure: FailurePath,
    ) -> None:
        super().__init__(scope, construct_id)
        prefix = f"'{PREDICTIONS_PREFIX}' & $jobName & '/"
        self.start = tasks.LambdaInvoke.jsonata(
            self,
            "Evaluate the predictions",
            lambda_function=evaluate,
            payload=sfn.TaskInput.from_object(
                {
                    "bucket": bucket.bucket_name,
                    "predictionsPrefix": jsonata(f"{prefix}'"),
                    "reportKey": jsonata(f"{prefix}evaluation.json'"),
                    "data": jsonata("$data"),
                }
            ),
            assign={"evaluation": jsonata("$states.result.Payload")},
        )
        self.end = tasks.LambdaInvoke.jsonata(
            self,
            "Gather the evidence",
            lambda_function=gather,
            payload=sfn.TaskInput.from_object(
                {
                    "modelName": names.model,
                    "commitId": COMMIT_ID,
                    "imageUri": IMAGE_URI,
                    "jobName": jsonata("$jobName"),
                    "bucket": bucket.bucket_name,
                    "evaluation": jsonata("$evaluation"),
                    "data": jsonata("$data"),
                    "endpointName": names.endpoint,
                }
            ),
            assign={"evidence": jsonata("$states.result.Payload")},
        )
        for state in (self.start, self.end):
            retry_lambda(state)
            failure.catch(state)
        self.start.next(self.end)
