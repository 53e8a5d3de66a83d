"""What the workflow may do, and nothing that it does not do."""

from collections.abc import Sequence

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from mlops_stacks.constructs.acknowledgment import acknowledge
from mlops_stacks.constructs.workflow.expressions import job_names


class WorkflowRole(Construct):
    """The state machine's role, written out.

    The policies that the CDK's tasks would add name every job of the account; these name the
    model's own. https://docs.aws.amazon.com/step-functions/latest/dg/connect-sagemaker.html lists
    what each integration needs.

    Attributes:
        role: the role.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        model_name: str,
        endpoint_name: str,
        passed_roles: Sequence[iam.IRole],
        functions: Sequence[lambda_.IFunction],
    ) -> None:
        super().__init__(scope, construct_id)
        self.role = iam.Role(
            self,
            "Role",
            description="The release workflow",
            assumed_by=iam.ServicePrincipal("states.amazonaws.com"),
        )
        names = job_names(model_name)
        for kind, job in (("training-job", "TrainingJob"), ("transform-job", "TransformJob")):
            self._allow(
                [f"sagemaker:{verb}{job}" for verb in ("Create", "Describe", "Stop")]
                + ["sagemaker:AddTags", "sagemaker:ListTags"],
                [self._sagemaker(kind, names)],
            )
            # Step Functions learns of a job's end by a rule of its own, of this name.
            rule = f"StepFunctionsGetEventsForSageMaker{job}sRule"
            self._allow(
                ["events:PutTargets", "events:PutRule", "events:DescribeRule"],
                [Stack.of(self).format_arn(service="events", resource="rule", resource_name=rule)],
            )
        self._allow(
            ["sagemaker:CreateModel", "sagemaker:AddTags"], [self._sagemaker("model", names)]
        )
        configurations = self._sagemaker("endpoint-config", names)
        endpoint = self._sagemaker("endpoint", endpoint_name)
        self._allow(["sagemaker:CreateEndpointConfig", "sagemaker:AddTags"], [configurations])
        self._allow(
            ["sagemaker:CreateEndpoint", "sagemaker:UpdateEndpoint"], [endpoint, configurations]
        )
        self._allow(
            ["sagemaker:AddTags", "sagemaker:DescribeEndpoint", "sagemaker:DeleteEndpoint"],
            [endpoint],
        )
        self._allow(
            ["iam:PassRole"],
            [role.role_arn for role in passed_roles],
            {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        )
        self._allow(["lambda:InvokeFunction"], [function.function_arn for function in functions])
        self._observe()
        for kind in ("training-job", "transform-job", "model", "endpoint-config"):
            acknowledge(
                self.role,
                finding="AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:sagemaker:<AWS::Region>"
                f":<AWS::AccountId>:{kind}/{names}]",
                reason="Each release makes new ones, named after the model",
            )

    def _observe(self) -> None:
        # https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html and xray-iam.html:
        # neither log delivery nor tracing has a resource to name.
        self._allow(
            [
                "logs:CreateLogDelivery",
                "logs:GetLogDelivery",
                "logs:UpdateLogDelivery",
                "logs:DeleteLogDelivery",
                "logs:ListLogDeliveries",
                "logs:PutResourcePolicy",
                "logs:DescribeResourcePolicies",
                "logs:DescribeLogGroups",
                "xray:PutTraceSegments",
                "xray:PutTelemetryRecords",
                "xray:GetSamplingRules",
                "xray:GetSamplingTargets",
            ],
            ["*"],
        )
        acknowledge(
            self.role,
            finding="AwsSolutions-IAM5[Resource::*]",
            reason="Log delivery and X-Ray have no resources that a policy could name",
        )

    def _sagemaker(self, resource: str, name: str) -> str:
        return Stack.of(self).format_arn(
            service="sagemaker",
            resource=resource,
            resource_name=name,
            arn_format=ArnFormat.SLASH_RESOURCE_NAME,
        )

    def _allow(
        self,
        actions: Sequence[str],
        resources: Sequence[str],
        conditions: dict[str, object] | None = None,
    ) -> None:
        self.role.add_to_policy(
            iam.PolicyStatement(actions=actions, resources=resources, conditions=conditions)
        )
