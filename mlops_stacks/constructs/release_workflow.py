"""The Step Functions workflow from a pushed image to a live endpoint."""

from dataclasses import dataclass, fields

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from mlops_stacks.constructs.log_retention import log_retention
from mlops_stacks.constructs.workflow.approval import ApprovalCalls, ApprovalStates
from mlops_stacks.constructs.workflow.assessment import AssessmentStates
from mlops_stacks.constructs.workflow.candidate import CandidateResources, CandidateStates
from mlops_stacks.constructs.workflow.deployment import DeploymentStates
from mlops_stacks.constructs.workflow.endpoint_calls import EndpointCalls
from mlops_stacks.constructs.workflow.expressions import complete_input, release_variables
from mlops_stacks.constructs.workflow.failure import FailurePath
from mlops_stacks.constructs.workflow.inspection import InspectionStates
from mlops_stacks.constructs.workflow.role import WorkflowRole
from mlops_stacks.constructs.workflow.verification import VerificationStates
from mlops_stacks.settings import Settings


@dataclass(frozen=True, kw_only=True)
class WorkflowFunctions:
    """The functions that the workflow calls."""

    inspect_data: lambda_.IFunction
    evaluate_predictions: lambda_.IFunction
    gather_evidence: lambda_.IFunction
    ask_approval: lambda_.IFunction
    close_approval: lambda_.IFunction
    smoke_test: lambda_.IFunction
    mail_outcome: lambda_.IFunction

    def all(self) -> list[lambda_.IFunction]:
        """Every function."""
        return [getattr(self, field.name) for field in fields(self)]


class ReleaseWorkflow(Construct):
    """From a pushed image to a live endpoint; the output says what is live, and who decided it.

    The input is `{"commitID": <image tag>, "imageUri": <image>}`, and `"committer"`, the address
    of the commit's author, where the settings ask for it.
    Every failure is mailed and ends the run with the original error; a rejection, a newer release
    and a timeout end it with `ReleaseRejected`, `ReleaseSuperseded` and `ApprovalTimedOut`.

    Attributes:
        state_machine: the workflow.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        bucket: s3.IBucket,
        key: kms.IKey,
        training_role: iam.Role,
        serving_role: iam.Role,
        functions: WorkflowFunctions,
    ) -> None:
        super().__init__(scope, construct_id)
        names = settings.names
        failure = FailurePath(
            self,
            "Failure",
            mail=functions.mail_outcome,
            model_name=names.model,
            endpoint_name=names.endpoint,
        )
        endpoint = EndpointCalls(endpoint_name=names.endpoint)
        verification = VerificationStates(
            self,
            "Verification",
            model_name=names.model,
            endpoint=endpoint,
            smoke_test=functions.smoke_test,
            mail=functions.mail_outcome,
            failure=failure,
        )
        deployment = DeploymentStates(
            self,
            "Deployment",
            settings=settings.endpoint,
            tags=settings.tags,
            endpoint=endpoint,
            changed=verification.start,
            failure=failure,
        )
        approval = ApprovalStates(
            self,
            "Approval",
            model_name=names.model,
            timeout=Duration.hours(settings.approval.timeout_hours),
            calls=ApprovalCalls(
                ask=functions.ask_approval,
                close=functions.close_approval,
                mail=functions.mail_outcome,
            ),
            approved=deployment.start,
            failure=failure,
        )
        assessment = AssessmentStates(
            self,
            "Assessment",
            names=names,
            bucket=bucket,
            evaluate=functions.evaluate_predictions,
            gather=functions.gather_evidence,
            failure=failure,
        )
        candidate = CandidateStates(
            self,
            "Candidate",
            settings=settings,
            resources=CandidateResources(
                bucket=bucket,
                key=key,
                training_role=training_role.without_policy_updates(),
                serving_role=serving_role.without_policy_updates(),
            ),
            failure=failure,
        )
        inspection = InspectionStates(
            self, "Inspection", bucket=bucket, inspect=functions.inspect_data, failure=failure
        )
        inspection.start.next(candidate.start)
        candidate.end.next(assessment.start)
        assessment.end.next(approval.start)

        log_group = logs.LogGroup(
            self,
            "Logs",
            retention=log_retention(settings.retention.log_days),
            removal_policy=RemovalPolicy.DESTROY,
        )
        role = WorkflowRole(
            self,
            "Permissions",
            model_name=names.model,
            endpoint_name=names.endpoint,
            passed_roles=[training_role, serving_role],
            functions=functions.all(),
        ).role
        self.state_machine = sfn.StateMachine(
            self,
            "StateMachine",
            state_machine_name=names.workflow,
            query_language=sfn.QueryLanguage.JSONATA,
            definition_body=sfn.DefinitionBody.from_chainable(
                self._begin(settings, inspection.start, failure)
            ),
            role=role.without_policy_updates(),
            tracing_enabled=True,
            # Execution data would put task tokens into the log.
            logs=sfn.LogOptions(
                destination=log_group, level=sfn.LogLevel.ALL, include_execution_data=False
            ),
        )
        self.state_machine.node.add_dependency(role)

    def _begin(
        self, settings: Settings, complete: sfn.IChainable, failure: FailurePath
    ) -> sfn.IChainable:
        required = not settings.approval.committer_may_approve
        wrong_input = failure.explain(
            self,
            "Explain the wrong input",
            state="Is the input complete?",
            error="InvalidReleaseInput",
            cause='Send {"commitID": "<image tag>", "imageUri": "<repository>:<tag>"'
            + (', "committer": "<e-mail of the author>"}; ' if required else "}; ")
            + "a tag has up to 128 letters, digits, dots, hyphens and underscores; "
            '"committer", if it is there, has up to 254 characters and no white space',
        )
        name_the_release = sfn.Pass.jsonata(
            self, "Name the release", assign=release_variables(settings.model.name)
        )
        return name_the_release.next(
            sfn.Choice.jsonata(self, "Is the input complete?")
            .when(sfn.Condition.jsonata(complete_input(committer_required=required)), complete)
            .otherwise(wrong_input)
        )
