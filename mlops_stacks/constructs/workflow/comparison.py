"""The live model on the same held-out data: as it was measured, or measured anew."""

from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from mlops_stacks.constructs.data_store import PREDICTIONS_PREFIX
from mlops_stacks.constructs.workflow.evaluation import (
    EvaluationCalls,
    EvaluationNames,
    EvaluationStates,
)
from mlops_stacks.constructs.workflow.expressions import (
    ATTEMPT_NAME,
    jsonata,
    readable,
    unmarked,
)
from mlops_stacks.constructs.workflow.failure import note_failure
from mlops_stacks.constructs.workflow.prediction import PredictionResources, predict, stop_job
from mlops_stacks.constructs.workflow.retries import retry_lambda

_MOST_CHARACTERS = 300
_JOB_NAME = f"({unmarked(ATTEMPT_NAME)}) & '-live'"
_PREDICTIONS = f"'{PREDICTIONS_PREFIX}' & $jobName & '-live/'"


class ComparisonStates(Construct):
    """Leaves the variables `live` and, if it was measured anew, `liveReportKey`.

    No failure here fails the release: the variable `live` then says why nothing was compared.

    Args:
        then: where to go on.

    Attributes:
        start: the first state.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        find_live: lambda_.IFunction,
        endpoint_name: str,
        resources: PredictionResources,
        calls: EvaluationCalls,
        then: sfn.IChainable,
    ) -> None:
        super().__init__(scope, construct_id)
        self._note = self._no_comparison()
        self._note.next(then)
        self.start = tasks.LambdaInvoke.jsonata(
            self,
            "Look at the live model",
            lambda_function=find_live,
            payload=sfn.TaskInput.from_object(
                {
                    "endpointName": endpoint_name,
                    "bucket": resources.bucket.bucket_name,
                    "data": jsonata("$data"),
                    "task": calls.task,
                }
            ),
            assign={"live": jsonata("$states.result.Payload")},
        )
        retry_lambda(self.start)
        self._catch(self.start)
        predicted = self._predict(resources)
        evaluation = EvaluationStates(
            self,
            "Evaluation",
            calls=calls,
            names=EvaluationNames(
                plan="Plan the comparison",
                measure_all="Measure the comparison",
                measure="Measure a part of the comparison",
                merge="Merge the comparison",
                variable="comparisonPlan",
            ),
            predictions=_PREDICTIONS,
            assign={"liveReportKey": jsonata("$states.result.Payload.reportKey")},
            catch=self._catch,
        )
        predicted.next(evaluation.start)
        evaluation.end.next(then)
        self.start.next(
            sfn.Choice.jsonata(self, "Compare on the same data?")
            .when(sfn.Condition.jsonata(jsonata("$live.kind = 'otherData'")), predicted)
            .otherwise(then)
        )

    def _predict(self, resources: PredictionResources) -> sfn.CustomState:
        state = predict(
            self,
            "Predict with the live model",
            resources=resources,
            job_name=jsonata(_JOB_NAME),
            model_name=jsonata("$live.modelName"),
            predictions=_PREDICTIONS,
        )
        stop = stop_job(self, "Stop the comparison", job="TransformJob")
        stop.add_catch(self._note)
        stop.next(self._note)
        state.add_catch(
            stop, errors=["States.Timeout"], assign=note_failure(state, attempt=jsonata(_JOB_NAME))
        )
        self._catch(state)
        return state

    def _catch(self, state: tasks.LambdaInvoke | sfn.Map | sfn.CustomState) -> None:
        state.add_catch(self._note, assign=note_failure(state))

    def _no_comparison(self) -> sfn.Pass:
        why = f"'It could not be measured on the same data: ' & {readable('$failure.cause')}"
        return sfn.Pass.jsonata(
            self,
            "Note that no comparison was possible",
            assign={
                "live": jsonata(
                    "$merge([$live, {'kind': 'unknown', 'problem': "
                    f"$substring({why}, 0, {_MOST_CHARACTERS})}}])"
                )
            },
        )
