"""From an approved model to one that serves, or back to the one that did."""

from collections.abc import Sequence

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from mlops_stacks.constructs.workflow.deployment import DeploymentStates
from mlops_stacks.constructs.workflow.endpoint_calls import EndpointCalls
from mlops_stacks.constructs.workflow.failure import FailurePath
from mlops_stacks.constructs.workflow.functions import WorkflowFunctions
from mlops_stacks.constructs.workflow.going_live import GoingLiveStates
from mlops_stacks.constructs.workflow.rollout import Rollout
from mlops_stacks.constructs.workflow.verification import VerificationStates
from mlops_stacks.release_time import deployment_minutes
from mlops_stacks.settings import Settings


class ServingStates(Construct):
    """Puts the model of the variable `modelName` on the endpoint, and ends the run.

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
        key: kms.IKey,
        alarms: Sequence[cloudwatch.IAlarm],
        functions: WorkflowFunctions,
        failure: FailurePath,
    ) -> None:
        super().__init__(scope, construct_id)
        endpoint = EndpointCalls(
            endpoint_name=settings.names.endpoint,
            longest_minutes=deployment_minutes(settings.endpoint),
        )
        rollout = Rollout(settings=settings.endpoint, alarms=[alarm.alarm_name for alarm in alarms])
        going_live = GoingLiveStates(
            self,
            "GoingLive",
            settings=settings,
            bucket=bucket,
            endpoint=endpoint,
            rollout=rollout,
            smoke_test=functions.smoke_test,
            mail=functions.mail_outcome,
            make_offer=functions.make_offer,
            failure=failure,
        )
        verification = VerificationStates(
            self, "Verification", endpoint=endpoint, live=going_live.start, failure=failure
        )
        self.start = DeploymentStates(
            self,
            "Deployment",
            settings=settings,
            bucket=bucket,
            key=key,
            endpoint=endpoint,
            rollout=rollout,
            changed=verification.start,
            failure=failure,
        ).start
