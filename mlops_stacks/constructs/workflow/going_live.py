"""The new model is live: it is tried, it scales, and people are told."""

from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from mlops_stacks.constructs.workflow.endpoint_calls import EndpointCalls
from mlops_stacks.constructs.workflow.expressions import (
    RELEASE,
    TRAINED_BEFORE,
    VERSION,
    jsonata,
    training_sentence,
)
from mlops_stacks.constructs.workflow.failure import FailurePath, note_failure
from mlops_stacks.constructs.workflow.offering import OfferingStates
from mlops_stacks.constructs.workflow.recovery import RecoveryStates
from mlops_stacks.constructs.workflow.retries import retry_lambda
from mlops_stacks.constructs.workflow.rollout import Rollout
from mlops_stacks.constructs.workflow.scaling import scale
from mlops_stacks.constructs.workflow.version_status import note_serving
from mlops_stacks.settings import Settings


class GoingLiveStates(Construct):
    """Ends the run: the output says what is live, and who decided it.

    Attributes:
        start: the first state.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        bucket: s3.IBucket,
        endpoint: EndpointCalls,
        rollout: Rollout,
        smoke_test: lambda_.IFunction,
        mail: lambda_.IFunction,
        make_offer: lambda_.IFunction | None,
        failure: FailurePath,
    ) -> None:
        super().__init__(scope, construct_id)
        self._endpoint_name = endpoint.endpoint_name
        tried = tasks.LambdaInvoke.jsonata(
            self,
            "Try the endpoint",
            lambda_function=smoke_test,
            payload=sfn.TaskInput.from_object(
                {
                    "row": jsonata("$evaluation.sampleRow"),
                    "expected": jsonata("$evaluation.samplePrediction"),
                }
            ),
        )
        retry_lambda(tried)
        recovery = RecoveryStates(
            self, "Recovery", endpoint=endpoint, rollout=rollout, failure=failure
        )
        tried.add_catch(recovery.start, assign={**note_failure(tried), "polls": 0})
        end = self._tell(settings, mail)
        if make_offer:
            end = OfferingStates(
                self, "Offering", bucket=bucket, make_offer=make_offer, then=end, failure=failure
            ).start
        if autoscaling := settings.endpoint.autoscaling:
            # What cannot be made to scale has been tried, at least.
            end = scale(
                self,
                settings=autoscaling,
                endpoint_name=endpoint.endpoint_name,
                then=end,
                failure=failure,
            )
        noted = note_serving(self, "Note that it serves")
        noted.add_catch(end)  # A rollback chooses another version then, or is told which.
        tried.next(noted).next(end)
        self.start = tried

    def _tell(self, settings: Settings, mail: lambda_.IFunction) -> sfn.IChainable:
        live_model = {
            **RELEASE,
            "modelName": jsonata("$modelName"),
            "endpointName": self._endpoint_name,
            "endpointConfigName": jsonata("$configurationName"),
            "decision": jsonata("$decision"),
            "evaluation": jsonata("$evaluation"),
            "modelPackageArn": jsonata("$version.modelPackageArn"),
            "version": jsonata("$version.number"),
            "training": training_sentence(offered=not settings.trains),
        }
        told = tasks.LambdaInvoke.jsonata(
            self,
            "Mail the inference link",
            lambda_function=mail,
            payload=sfn.TaskInput.from_object(
                {
                    "outcome": jsonata("$putBack ? 'putBack' : 'live'"),
                    "modelName": settings.names.model,
                    **RELEASE,
                    "endpointName": self._endpoint_name,
                    "decision": jsonata("$decision"),
                    "evaluation": jsonata("$evaluation"),
                    "version": VERSION,
                    "trainedBefore": TRAINED_BEFORE,
                    "reason": jsonata("$reason"),
                }
            ),
            outputs=live_model,
        )
        retry_lambda(told)
        live = sfn.Succeed.jsonata(self, "Live")
        # A mail that cannot be sent must not change the outcome.
        told.add_catch(live, outputs=live_model)
        return told.next(live)
