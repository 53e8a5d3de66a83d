"""The Step Functions workflow from a pushed image to a live endpoint."""

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from mlops_stacks.constructs.log_retention import log_retention
from mlops_stacks.constructs.workflow.beginning import begin
from mlops_stacks.constructs.workflow.candidate import ModelRoles
from mlops_stacks.constructs.workflow.failure import FailurePath
from mlops_stacks.constructs.workflow.functions import WorkflowFunctions
from mlops_stacks.constructs.workflow.making import MakingStates
from mlops_stacks.constructs.workflow.put_back import PutBackStates
from mlops_stacks.constructs.workflow.role import WorkflowRole
from mlops_stacks.constructs.workflow.serving import ServingStates
from mlops_stacks.settings import Settings


@dataclass(frozen=True, kw_only=True)
class WorkflowResources:
    """What the workflow works with.

    Attributes:
        training_role: None where nothing is trained.
        alarms: what rolls an update of the endpoint back.
    """

    bucket: s3.IBucket
    key: kms.IKey
    training_role: iam.Role | None
    serving_role: iam.Role
    alarms: Sequence[cloudwatch.IAlarm]


class ReleaseWorkflow(Construct):
    """From a pushed image to a live endpoint; the output says what is live, and who decided it.

    The input is `{"commitID": <image tag>, "imageUri": <image>}`, and `"committer"`, the address
    of the commit's author, where the settings ask for it; or `{"modelPackageArn": <version>}`,
    which puts an approved version back, and `"reason"`, if there is one to mail.
    Every failure is mailed and ends the run with the original error; a model that is not good
    enough, a rejection, a newer release and a timeout end it with `QualityGateFailed`,
    `ReleaseRejected`, `ReleaseSuperseded` and `ApprovalTimedOut`.

    Attributes:
        state_machine: the workflow.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        resources: WorkflowResources,
        functions: WorkflowFunctions,
    ) -> None:
        super().__init__(scope, construct_id)
        names = settings.names
        training = resources.training_role
        # Their policies are written out; the CDK's tasks would add access to every object.
        roles = ModelRoles(
            training=training.without_policy_updates() if training else None,
            serving=resources.serving_role.without_policy_updates(),
        )
        failure = FailurePath(
            self,
            "Failure",
            mail=functions.mail_outcome,
            model_name=names.model,
            endpoint_name=names.endpoint,
        )
        serving = ServingStates(
            self,
            "Serving",
            settings=settings,
            bucket=resources.bucket,
            key=resources.key,
            alarms=resources.alarms,
            functions=functions,
            failure=failure,
        )
        making = MakingStates(
            self,
            "Making",
            settings=settings,
            bucket=resources.bucket,
            key=resources.key,
            roles=roles,
            functions=functions,
            deploy=serving.start,
            failure=failure,
        )
        put_back = PutBackStates(
            self,
            "PutBack",
            settings=settings,
            bucket=resources.bucket,
            find_version=functions.find_version,
            serving_role=roles.serving,
            deploy=serving.start,
            failure=failure,
        )
        log_group = logs.LogGroup(
            self,
            "Logs",
            retention=log_retention(settings.retention.log_days),
            removal_policy=RemovalPolicy.DESTROY,
        )
        role = WorkflowRole(
            self,
            "Permissions",
            names=names,
            scales=settings.endpoint.autoscaling is not None,
            alarms=resources.alarms,
            trains=training is not None,
            passed_roles=[role for role in (training, resources.serving_role) if role],
            functions=functions.all(),
        ).role
        self.state_machine = sfn.StateMachine(
            self,
            "StateMachine",
            state_machine_name=names.workflow,
            query_language=sfn.QueryLanguage.JSONATA,
            definition_body=sfn.DefinitionBody.from_chainable(
                begin(
                    self,
                    settings=settings,
                    make=making.start,
                    put_back=put_back.start,
                    failure=failure,
                )
            ),
            # What takes longer than all of its time limits is stuck, and is mailed as that.
            timeout=Duration.minutes(settings.release_minutes),
            role=role.without_policy_updates(),
            tracing_enabled=True,
            # Execution data would put task tokens into the log.
            logs=sfn.LogOptions(
                destination=log_group, level=sfn.LogLevel.ALL, include_execution_data=False
            ),
        )
        self.state_machine.node.add_dependency(role)
