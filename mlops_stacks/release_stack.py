"""Everything that keeps no state: the workflow, its functions, the API."""

from aws_cdk import CfnOutput, Duration, Stack
from constructs import Construct

from mlops_stacks.constructs.approval_functions import (
    AnswerApproval,
    ApprovalResources,
    AskApproval,
    CloseApproval,
)
from mlops_stacks.constructs.candidate_functions import (
    EvaluatePredictions,
    GatherEvidence,
    InspectData,
)
from mlops_stacks.constructs.failure_rules import FailureRules
from mlops_stacks.constructs.release_api import ReleaseApi
from mlops_stacks.constructs.release_function import ReleaseFunction
from mlops_stacks.constructs.release_workflow import ReleaseWorkflow, WorkflowFunctions
from mlops_stacks.constructs.sagemaker_roles import SageMakerRoles
from mlops_stacks.constructs.tell_workflow import TellWorkflow
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
        self._approvals = ApprovalResources(
            table=foundation.approvals_table, key=foundation.key, link_key=foundation.link_key
        )
        log_days = settings.retention.log_days
        api = ReleaseApi(self, "Api", settings=settings.inference, log_days=log_days)
        functions = self._workflow_functions(api)
        self.workflow = self._workflow(functions)
        TellWorkflow(
            self,
            "TellWorkflow",
            resources=self._approvals,
            state_machine=self.workflow.state_machine,
            failures=foundation.outcome_topic,
            log_days=log_days,
        )
        FailureRules(
            self,
            "Failures",
            state_machine=self.workflow.state_machine,
            pipeline_name=settings.names.pipeline,
            mail=functions.mail_outcome,
            close_approval=functions.close_approval,
        )
        answer = AnswerApproval(
            self,
            "AnswerApproval",
            resources=self._approvals,
            bucket=foundation.bucket,
            log_days=log_days,
        )
        api.serve_approvals(answer.function)
        if settings.inference.access != "off":
            inference = self._endpoint_caller(
                "InvokeEndpoint", folder="invoke_endpoint", description="The inference route"
            )
            api.serve_inference(inference.function, access=settings.inference.access)
            CfnOutput(self, "InferenceUrl", value=api.inference_url)
            CfnOutput(self, "InferenceArn", value=api.inference_arn)
        CfnOutput(self, "StateMachineArn", value=self.workflow.state_machine.state_machine_arn)

    def _workflow(self, functions: WorkflowFunctions) -> ReleaseWorkflow:
        foundation = self._foundation
        roles = SageMakerRoles(
            self,
            "SageMaker",
            bucket=foundation.bucket,
            key=foundation.key,
            repository=foundation.repository,
        )
        return ReleaseWorkflow(
            self,
            "Workflow",
            settings=self._settings,
            bucket=foundation.bucket,
            key=foundation.key,
            training_role=roles.training,
            serving_role=roles.serving,
            functions=functions,
        )

    def _workflow_functions(self, api: ReleaseApi) -> WorkflowFunctions:
        settings, foundation = self._settings, self._foundation
        bucket, key = foundation.bucket, foundation.key
        log_days = settings.retention.log_days
        smoke_test = self._endpoint_caller(
            "SmokeTest",
            folder="smoke_test",
            description="Tries the endpoint with one held-out row",
            timeout=Duration.minutes(2),
        )
        return WorkflowFunctions(
            inspect_data=InspectData(
                self, "InspectData", bucket=bucket, key=key, log_days=log_days
            ).function,
            evaluate_predictions=EvaluatePredictions(
                self, "EvaluatePredictions", bucket=bucket, key=key, log_days=log_days
            ).function,
            gather_evidence=GatherEvidence(
                self,
                "GatherEvidence",
                names=settings.names,
                bucket=bucket,
                key=key,
                repository=foundation.repository,
                log_days=log_days,
            ).function,
            ask_approval=AskApproval(
                self,
                "AskApproval",
                settings=settings,
                resources=self._approvals,
                topic=foundation.approval_topic,
                api_url=api.url,
            ).function,
            close_approval=CloseApproval(
                self, "CloseApproval", resources=self._approvals, log_days=log_days
            ).function,
            smoke_test=smoke_test.function,
            mail_outcome=self._mail_outcome(api).function,
        )

    def _mail_outcome(self, api: ReleaseApi) -> ReleaseFunction:
        topic = self._foundation.outcome_topic
        mail = ReleaseFunction(
            self,
            "MailOutcome",
            folder="mail_outcome",
            description="Mails how a release has ended",
            log_days=self._settings.retention.log_days,
            environment={
                "NOTIFICATION_TOPIC_ARN": topic.topic_arn,
                "INFERENCE_URL": api.inference_url,
                "INFERENCE_ACCESS": self._settings.inference.access,
            },
        )
        mail.allow(["sns:Publish"], [topic.topic_arn])
        mail.allow_key(self._foundation.key)
        return mail

    def _endpoint_caller(
        self,
        construct_id: str,
        *,
        folder: str,
        description: str,
        timeout: Duration | None = None,
    ) -> ReleaseFunction:
        endpoint = self._settings.names.endpoint
        caller = ReleaseFunction(
            self,
            construct_id,
            folder=folder,
            description=description,
            log_days=self._settings.retention.log_days,
            environment={"ENDPOINT_NAME": endpoint},
            timeout=timeout,
        )
        arn = self.format_arn(service="sagemaker", resource="endpoint", resource_name=endpoint)
        caller.allow(["sagemaker:InvokeEndpoint"], [arn])
        return caller
