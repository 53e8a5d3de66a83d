"""What no template names is deleted with the stack: an endpoint left behind would cost money."""

from collections.abc import Mapping

from aws_cdk import ArnFormat, CustomResource, Duration, Stack
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct, IDependable

from mlops_stacks.constructs.acknowledgment import acknowledge, acknowledge_sagemaker
from mlops_stacks.constructs.model_registry import version_names
from mlops_stacks.constructs.registry_functions import VERSIONS_REASON
from mlops_stacks.constructs.release_function import ReleaseFunction
from mlops_stacks.constructs.sagemaker_arn import sagemaker_arn
from mlops_stacks.constructs.scaling_permissions import allow_targets
from mlops_stacks.constructs.workflow.expressions import job_names
from mlops_stacks.names import Names

_LIMIT = Duration.minutes(15)


class _TearDown(ReleaseFunction):
    """A custom resource that does nothing until its stack is deleted.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-custom-resources.html
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, description: str, log_days: int
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            folder="tear_down",
            description=description,
            log_days=log_days,
            timeout=_LIMIT,
            memory_mib=256,
        )

    def _at_deletion(self, properties: Mapping[str, str], *before: IDependable) -> None:
        """Delete what the properties name, before anything else of the stack goes."""
        resource = CustomResource(
            self,
            "Resource",
            resource_type="Custom::TearDown",
            service_token=self.function.function_arn,
            service_timeout=_LIMIT,
            properties=dict(properties),
            pascal_case_properties=False,
        )
        resource.node.add_dependency(self.role, *before)


class TearDownReleases(_TearDown):
    """Stops releases under way, deletes endpoint, configurations and models.

    Args:
        before: what stays until that is done.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: Names,
        state_machine: sfn.IStateMachine,
        before: list[IDependable],
        log_days: int,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            description="Deletes the endpoint, and what releases have made, with the stack",
            log_days=log_days,
        )
        own = job_names(names.model)
        executions = Stack.of(self).format_arn(
            service="states",
            resource="execution",
            resource_name=f"{names.workflow}:*",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        self.allow(["states:ListExecutions"], [state_machine.state_machine_arn])
        self.allow(["states:StopExecution"], [executions])
        self.allow(["sagemaker:ListModels", "sagemaker:ListEndpointConfigs"], ["*"])
        for resource, name, verbs in (
            ("endpoint", names.endpoint, ["DescribeEndpoint", "DeleteEndpoint"]),
            ("endpoint-config", own, ["DeleteEndpointConfig"]),
            ("model", own, ["DeleteModel"]),
        ):
            arn = sagemaker_arn(self, resource, name)
            self.allow([f"sagemaker:{verb}" for verb in verbs], [arn])
        allow_targets(self.role, ["DeregisterScalableTarget"])
        for resource in ("endpoint-config", "model"):
            acknowledge_sagemaker(self.role, resource=resource, name=own)
        acknowledge(
            self.role,
            finding="AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:states:<AWS::Region>"
            f":<AWS::AccountId>:execution:{names.workflow}:*]",
            reason="Executions of the one workflow, each with an id of its own",
        )
        acknowledge(
            self.role,
            finding="AwsSolutions-IAM5[Resource::*]",
            reason="SageMaker's lists have no resource that a policy could name",
        )
        self._at_deletion(
            {
                "modelName": names.model,
                "endpointName": names.endpoint,
                "stateMachineArn": state_machine.state_machine_arn,
            },
            *before,
        )


class TearDownVersions(_TearDown):
    """Deletes every version: SageMaker deletes no group that has one."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        group_name: str,
        before: list[IDependable],
        log_days: int,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            description="Deletes the versions of the model with the stack",
            log_days=log_days,
        )
        versions = version_names(group_name)
        self.allow(["sagemaker:ListModelPackages"], ["*"])
        self.allow(
            ["sagemaker:DeleteModelPackage"], [sagemaker_arn(self, "model-package", versions)]
        )
        acknowledge_sagemaker(
            self.role, resource="model-package", name=versions, reason=VERSIONS_REASON
        )
        acknowledge(
            self.role,
            finding="AwsSolutions-IAM5[Resource::*]",
            reason="SageMaker's list of versions has no resource that a policy could name",
        )
        self._at_deletion({"modelPackageGroupName": group_name}, *before)
