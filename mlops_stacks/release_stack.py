"""Everything that keeps no state: the workflow, its functions, the API, alarms and dashboard."""

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from mlops_stacks.constructs.approval_functions import AnswerApproval, ApprovalResources
from mlops_stacks.constructs.clean_up import CleanUp, RecordOutcome, ReleaseEnds
from mlops_stacks.constructs.endpoint_alarms import EndpointAlarms
from mlops_stacks.constructs.failure_rules import FailureRules
from mlops_stacks.constructs.pipeline_events import PipelineEventsAllowed
from mlops_stacks.constructs.release_alarms import ReleaseAlarms
from mlops_stacks.constructs.release_api import ReleaseApi
from mlops_stacks.constructs.release_dashboard import ReleaseDashboard
from mlops_stacks.constructs.release_workflow import ReleaseWorkflow, WorkflowResources
from mlops_stacks.constructs.retraining import Retraining
from mlops_stacks.constructs.sagemaker_roles import SageMakerRoles
from mlops_stacks.constructs.serving_functions import InvokeEndpoint
from mlops_stacks.constructs.start_release_role import StartReleaseRole
from mlops_stacks.constructs.tear_down import TearDownReleases
from mlops_stacks.constructs.tell_workflow import TellWorkflow
from mlops_stacks.constructs.workflow.functions import WorkflowFunctions
from mlops_stacks.constructs.workflow_functions import FunctionResources, workflow_functions
from mlops_stacks.foundation_stack import FoundationStack
from mlops_stacks.settings import Settings


class ReleaseStack(Stack):
    """The stateless stack: it wires the functions to the workflow and the API.

    Attributes:
        workflow: the release workflow.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        foundation: FoundationStack,
    ) -> None:
        super().__init__(scope, construct_id, description="Model release: workflow and API")
        self._settings = settings
        self._foundation = foundation
        self._log_days = settings.retention.log_days
        self._approvals = ApprovalResources(
            table=foundation.approvals_table, key=foundation.key, link_key=foundation.link_key
        )
        api = ReleaseApi(self, "Api", settings=settings.inference, log_days=self._log_days)
        self._endpoint_alarms = EndpointAlarms(
            self,
            "EndpointAlarms",
            endpoint_name=settings.names.endpoint,
            settings=settings.endpoint.alarms,
            topic=foundation.outcome_topic,
        )
        functions = workflow_functions(
            self,
            settings=settings,
            resources=FunctionResources(
                bucket=foundation.bucket,
                key=foundation.key,
                repository=foundation.repository,
                approvals=self._approvals,
                approval_topic=foundation.approval_topic,
                outcome_topic=foundation.outcome_topic,
                api_url=api.url,
                inference_url=api.inference_url,
            ),
        )
        self.workflow = self._workflow(functions)
        self._watch(functions)
        self._serve(api)
        if place := settings.place:
            StartReleaseRole(
                self, "StartRelease", place=place, state_machine=self.workflow.state_machine
            )
            PipelineEventsAllowed(self, "PipelineEvents", place=place)
        CfnOutput(self, "StateMachineArn", value=self.workflow.state_machine.state_machine_arn)

    def _workflow(self, functions: WorkflowFunctions) -> ReleaseWorkflow:
        foundation = self._foundation
        # Updates of a serverless endpoint ask no alarm.
        alarms = [] if self._settings.endpoint.serverless else self._endpoint_alarms.alarms
        roles = SageMakerRoles(
            self,
            "SageMaker",
            settings=self._settings,
            bucket=foundation.bucket,
            key=foundation.key,
            repository=foundation.repository,
            alarms=alarms,
        )
        return ReleaseWorkflow(
            self,
            "Workflow",
            settings=self._settings,
            resources=WorkflowResources(
                bucket=foundation.bucket,
                key=foundation.key,
                training_role=roles.training,
                serving_role=roles.serving,
                alarms=alarms,
            ),
            functions=functions,
        )

    def _watch(self, functions: WorkflowFunctions) -> None:
        """What runs behind releases: it is told of them, and people are told of it."""
        names, topic = self._settings.names, self._foundation.outcome_topic
        state_machine = self.workflow.state_machine
        tell = TellWorkflow(
            self,
            "TellWorkflow",
            resources=self._approvals,
            state_machine=state_machine,
            failures=topic,
            log_days=self._log_days,
        )
        failures = FailureRules(
            self,
            "Failures",
            state_machine=state_machine,
            pipeline_name=names.pipeline,
            place=self._settings.place,
            mail=functions.mail_outcome,
            close_approval=functions.close_approval,
        )
        record = RecordOutcome(self, "RecordOutcome", names=names, log_days=self._log_days)
        clean_up = CleanUp(
            self,
            "CleanUp",
            names=names,
            state_machine=state_machine,
            keep_versions=self._settings.retention.keep_versions,
            log_days=self._log_days,
        )
        ends = ReleaseEnds(
            self,
            "Ends",
            state_machine=state_machine,
            functions=[record, clean_up],
            failures=topic,
            key=self._foundation.key,
        )
        alarms = ReleaseAlarms(
            self,
            "Alarms",
            model_name=names.model,
            state_machine=state_machine,
            functions={one.node.id: one.function for one in (tell, record, clean_up)},
            topic=topic,
        )
        retraining = self._retraining() if self._settings.retraining.wanted else None
        ReleaseDashboard(
            self,
            "Dashboard",
            settings=self._settings,
            alarms=[
                *self._endpoint_alarms.alarms,
                *alarms.alarms,
                *(retraining.alarms if retraining else ()),
            ],
        )
        # A release that the deletion stops is still mailed, counted and closed.
        tear_down = TearDownReleases(
            self,
            "TearDown",
            names=names,
            state_machine=state_machine,
            before=[self.workflow, tell, failures, clean_up, ends],
            log_days=self._log_days,
        )
        if retraining:
            # It goes first, or it would start a release behind the last one.
            retraining.listening.add_dependency(tear_down)
        CfnOutput(self, "DashboardName", value=names.dashboard)

    def _retraining(self) -> Retraining:
        return Retraining(
            self,
            "Retraining",
            settings=self._settings,
            bucket=self._foundation.bucket,
            key=self._foundation.key,
            state_machine=self.workflow.state_machine,
            topic=self._foundation.outcome_topic,
        )

    def _serve(self, api: ReleaseApi) -> None:
        answer = AnswerApproval(
            self,
            "AnswerApproval",
            resources=self._approvals,
            bucket=self._foundation.bucket,
            log_days=self._log_days,
        )
        api.serve_approvals(answer.function)
        access = self._settings.inference.access
        if access != "off":
            inference = InvokeEndpoint(
                self, "InvokeEndpoint", names=self._settings.names, log_days=self._log_days
            )
            api.serve_inference(inference.function, access=access)
            CfnOutput(self, "InferenceUrl", value=api.inference_url)
            CfnOutput(self, "InferenceArn", value=api.inference_arn)
