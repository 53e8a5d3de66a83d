"""What the workflow may do, and nothing that it does not do."""

from collections.abc import Sequence

from aws_cdk import Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from mlops_stacks.constructs.acknowledgment import acknowledge, acknowledge_sagemaker
from mlops_stacks.constructs.endpoint_alarms import allow_alarm_reads
from mlops_stacks.constructs.model_registry import version_names
from mlops_stacks.constructs.registry_functions import VERSIONS_REASON
from mlops_stacks.constructs.sagemaker_arn import sagemaker_arn
from mlops_stacks.constructs.scaling_permissions import (
    SCALING_ACTIONS,
    allow_scaling,
    allow_targets,
)
from mlops_stacks.constructs.workflow.expressions import job_names
from mlops_stacks.names import Names


class WorkflowRole(Construct):
    """The state machine's role, written out.

    The policies that the CDK's tasks would add name every job of the account; these name the
    model's own. https://docs.aws.amazon.com/step-functions/latest/dg/connect-sagemaker.html lists
    what each integration needs.

    Args:
        trains: whether models are trained here.
        scales: whether the endpoint follows the traffic.
        alarms: what is looked at before an update.

    Attributes:
        role: the role.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: Names,
        trains: bool,
        scales: bool,
        alarms: Sequence[cloudwatch.IAlarm],
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
        own = job_names(names.model)
        jobs = [("training-job", "TrainingJob")] * trains + [("transform-job", "TransformJob")]
        for kind, job in jobs:
            self._allow(
                [f"sagemaker:{verb}{job}" for verb in ("Create", "Describe", "Stop")]
                + ["sagemaker:AddTags", "sagemaker:ListTags"],
                [sagemaker_arn(self, kind, own)],
            )
            # Step Functions learns of a job's end by a rule of its own, of this name.
            rule = f"StepFunctionsGetEventsForSageMaker{job}sRule"
            self._allow(
                ["events:PutTargets", "events:PutRule", "events:DescribeRule"],
                [Stack.of(self).format_arn(service="events", resource="rule", resource_name=rule)],
            )
        self._allow(
            ["sagemaker:CreateModel", "sagemaker:AddTags"], [sagemaker_arn(self, "model", own)]
        )
        configurations = sagemaker_arn(self, "endpoint-config", own)
        endpoint = sagemaker_arn(self, "endpoint", names.endpoint)
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
        versions = version_names(names.model_package_group)
        self._allow(
            ["sagemaker:UpdateModelPackage"], [sagemaker_arn(self, "model-package", versions)]
        )
        if scales:
            allow_scaling(self.role, endpoint_name=names.endpoint, configurations=own)
        # What scales is deleted only for those who may end that too:
        # https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-delete-with-scaling.html
        allow_targets(self.role, ["DeregisterScalableTarget", *(SCALING_ACTIONS if scales else ())])
        if alarms:
            allow_alarm_reads(self.role)
        self._allow(["lambda:InvokeFunction"], [function.function_arn for function in functions])
        self._observe()
        for kind in (*(kind for kind, _ in jobs), "model", "endpoint-config"):
            acknowledge_sagemaker(self.role, resource=kind, name=own)
        acknowledge_sagemaker(
            self.role, resource="model-package", name=versions, reason=VERSIONS_REASON
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

    def _allow(
        self,
        actions: Sequence[str],
        resources: Sequence[str],
        conditions: dict[str, object] | None = None,
    ) -> None:
        self.role.add_to_policy(
            iam.PolicyStatement(actions=actions, resources=resources, conditions=conditions)
        )
