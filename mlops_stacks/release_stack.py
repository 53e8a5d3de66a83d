"""Everything that keeps no state: the workflow, its functions, the API."""

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from constructs import Construct

from mlops_stacks.constructs.acknowledgment import acknowledge_prefix
from mlops_stacks.constructs.customer_key import KEY_USE
from mlops_stacks.constructs.data_store import PREDICTIONS_PREFIX
from mlops_stacks.constructs.failure_rules import FailureRules
from mlops_stacks.constructs.release_api import ReleaseApi
from mlops_stacks.constructs.release_function import ReleaseFunction
from mlops_stacks.constructs.release_workflow import ReleaseWorkflow, WorkflowFunctions
from mlops_stacks.constructs.sagemaker_roles import SageMakerRoles
from mlops_stacks.foundation_stack import FoundationStack
from mlops_stacks.settings import Settings


class ReleaseStack(Stack):
    """The stateless stack: it wires the functions to the workflow and the API, and grants.

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
        self._endpoint_name = settings.names.endpoint
        self._endpoint_arn = self.format_arn(
            service="sagemaker", resource="endpoint", resource_name=self._endpoint_name
        )
        api = ReleaseApi(
            self, "Api", settings=settings.inference, log_days=settings.retention.log_days
        )
        roles = SageMakerRoles(
            self,
            "SageMaker",
            bucket=foundation.bucket,
            key=foundation.key,
            repository=foundation.repository,
        )
        mail_outcome = self._mail_outcome(api)
        self.workflow = ReleaseWorkflow(
            self,
            "Workflow",
            settings=settings,
            name=settings.names.workflow,
            endpoint_name=self._endpoint_name,
            bucket=foundation.bucket,
            key=foundation.key,
            training_role=roles.training,
            serving_role=roles.serving,
            functions=WorkflowFunctions(
                evaluate_predictions=self._evaluate_predictions(),
                ask_approval=self._ask_approval(api),
                smoke_test=self._smoke_test(),
                mail_outcome=mail_outcome,
            ),
        )
        FailureRules(
            self,
            "Failures",
            state_machine=self.workflow.state_machine,
            pipeline_name=settings.names.pipeline,
            mail=mail_outcome,
        )
        api.serve_approvals(self._answer_approval())
        if settings.inference.access != "off":
            api.serve_inference(self._invoke_endpoint(), access=settings.inference.access)
            CfnOutput(self, "InferenceUrl", value=api.inference_url)
            CfnOutput(self, "InferenceArn", value=api.inference_arn)
        CfnOutput(self, "StateMachineArn", value=self.workflow.state_machine.state_machine_arn)

    def _function(
        self,
        construct_id: str,
        *,
        folder: str,
        description: str,
        environment: dict[str, str] | None = None,
        timeout: Duration | None = None,
        memory_mib: int = 512,
    ) -> lambda_.Function:
        return ReleaseFunction(
            self,
            construct_id,
            folder=folder,
            description=description,
            environment=environment or {},
            timeout=timeout or Duration.seconds(30),
            memory_mib=memory_mib,
            log_days=self._settings.retention.log_days,
        ).function

    def _evaluate_predictions(self) -> lambda_.Function:
        function = self._function(
            "EvaluatePredictions",
            folder="evaluate_predictions",
            description="Metrics of a candidate on held-out data",
            timeout=Duration.minutes(15),
            memory_mib=1024,
        )
        bucket = self._foundation.bucket
        predictions = f"{PREDICTIONS_PREFIX}*"
        _allow(function, ["s3:GetObject", "s3:PutObject"], [bucket.arn_for_objects(predictions)])
        _allow(
            function,
            ["s3:ListBucket"],
            [bucket.bucket_arn],
            {"StringLike": {"s3:prefix": predictions}},
        )
        self._allow_key(function)
        acknowledge_prefix(function.role or function, bucket=bucket, prefix=PREDICTIONS_PREFIX)
        return function

    def _ask_approval(self, api: ReleaseApi) -> lambda_.Function:
        function = self._function(
            "AskApproval",
            folder="ask_approval",
            description="Mails the approval link",
            environment={
                "APPROVALS_TABLE": self._foundation.approvals_table.table_name,
                "APPROVAL_TOPIC_ARN": self._foundation.approval_topic.topic_arn,
                "API_URL": api.url,
            },
        )
        self._foundation.approvals_table.grant(function, "dynamodb:PutItem")
        self._allow_key(function)
        self._allow_publish(function, self._foundation.approval_topic)
        return function

    def _allow_publish(self, function: lambda_.Function, topic: sns.ITopic) -> None:
        _allow(function, ["sns:Publish"], [topic.topic_arn])
        self._allow_key(function)

    def _allow_key(self, function: lambda_.Function) -> None:
        _allow(function, KEY_USE, [self._foundation.key.key_arn])

    def _answer_approval(self) -> lambda_.Function:
        table = self._foundation.approvals_table
        function = self._function(
            "AnswerApproval",
            folder="answer_approval",
            description="Shows an approval and takes the decision",
            environment={"APPROVALS_TABLE": table.table_name},
        )
        table.grant(function, "dynamodb:GetItem", "dynamodb:UpdateItem")
        self._allow_key(function)
        self.workflow.state_machine.grant(function, "states:SendTaskSuccess")
        return function

    def _mail_outcome(self, api: ReleaseApi) -> lambda_.Function:
        function = self._function(
            "MailOutcome",
            folder="mail_outcome",
            description="Mails how a release has ended",
            environment={
                "NOTIFICATION_TOPIC_ARN": self._foundation.outcome_topic.topic_arn,
                "INFERENCE_URL": api.inference_url,
                "INFERENCE_ACCESS": self._settings.inference.access,
            },
        )
        self._allow_publish(function, self._foundation.outcome_topic)
        return function

    def _smoke_test(self) -> lambda_.Function:
        function = self._function(
            "SmokeTest",
            folder="smoke_test",
            description="Tries the endpoint with one held-out row",
            environment={"ENDPOINT_NAME": self._endpoint_name},
            timeout=Duration.minutes(2),
        )
        _allow(function, ["sagemaker:InvokeEndpoint"], [self._endpoint_arn])
        return function

    def _invoke_endpoint(self) -> lambda_.Function:
        function = self._function(
            "InvokeEndpoint",
            folder="invoke_endpoint",
            description="The inference route",
            environment={"ENDPOINT_NAME": self._endpoint_name},
        )
        _allow(function, ["sagemaker:InvokeEndpoint"], [self._endpoint_arn])
        return function


def _allow(
    function: lambda_.Function,
    actions: list[str],
    resources: list[str],
    conditions: dict[str, object] | None = None,
) -> None:
    function.add_to_role_policy(
        iam.PolicyStatement(actions=actions, resources=resources, conditions=conditions)
    )
