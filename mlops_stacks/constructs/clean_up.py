"""What happens behind every release, however it has ended: it is counted, and tidied up after."""

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from mlops_stacks.constructs.acknowledgment import acknowledge, acknowledge_sagemaker
from mlops_stacks.constructs.model_registry import version_names
from mlops_stacks.constructs.registry_functions import VERSIONS_REASON, allow_metrics
from mlops_stacks.constructs.release_function import ReleaseFunction
from mlops_stacks.constructs.sagemaker_arn import sagemaker_arn
from mlops_stacks.constructs.workflow.expressions import job_names
from mlops_stacks.names import Names

# Lambda's own most; with its pauses it tries for some minutes, and after throttling for an hour.
_RETRIES = 2
_TRIED_FOR = Duration.hours(1)
_ANY_ENDPOINT = "An endpoint of any name may serve what a release has made, and is only read"


class RecordOutcome(ReleaseFunction):
    """Counts how releases end, and rejects a version that its release has left undecided."""

    def __init__(self, scope: Construct, construct_id: str, *, names: Names, log_days: int) -> None:
        super().__init__(
            scope,
            construct_id,
            folder="record_outcome",
            description="Counts how a release has ended",
            log_days=log_days,
            environment={
                "MODEL_NAME": names.model,
                "MODEL_PACKAGE_GROUP": names.model_package_group,
            },
            timeout=Duration.minutes(2),
            memory_mib=256,
        )
        versions = version_names(names.model_package_group)
        self.allow(["sagemaker:ListModelPackages"], ["*"])
        self.allow(
            ["sagemaker:DescribeModelPackage", "sagemaker:UpdateModelPackage"],
            [sagemaker_arn(self, "model-package", versions)],
        )
        allow_metrics(self)
        acknowledge_sagemaker(
            self.role, resource="model-package", name=versions, reason=VERSIONS_REASON
        )
        acknowledge(
            self.role,
            finding="AwsSolutions-IAM5[Resource::*]",
            reason="Neither lists of versions nor metrics have a resource to name; a condition "
            "limits the namespace of the metrics",
        )


class CleanUp(ReleaseFunction):
    """Deletes models and configurations that nothing serves and nobody can put back.

    It is called at the end of each release, and once a day: what one call leaves, because a
    release or an update was under way, another one finds.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: Names,
        state_machine: sfn.IStateMachine,
        keep_versions: int,
        log_days: int,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            folder="clean_up",
            description="Deletes models and configurations that are no longer needed",
            log_days=log_days,
            environment={
                "MODEL_NAME": names.model,
                "ENDPOINT_NAME": names.endpoint,
                "MODEL_PACKAGE_GROUP": names.model_package_group,
                "STATE_MACHINE_ARN": state_machine.state_machine_arn,
                "KEEP_VERSIONS": str(keep_versions),
            },
            timeout=Duration.minutes(5),
            memory_mib=256,
        )
        own = job_names(names.model)
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html
        self.allow(
            [
                f"sagemaker:List{kind}"
                for kind in ("EndpointConfigs", "Endpoints", "ModelPackages", "Models")
            ],
            ["*"],
        )
        for resource, name, verbs in (
            ("endpoint", "*", ["DescribeEndpoint"]),
            ("endpoint-config", "*", ["DescribeEndpointConfig"]),
            ("endpoint-config", own, ["DeleteEndpointConfig", "ListTags"]),
            ("model", own, ["DeleteModel"]),
        ):
            arn = sagemaker_arn(self, resource, name)
            self.allow([f"sagemaker:{verb}" for verb in verbs], [arn])
        self.allow(["states:ListExecutions"], [state_machine.state_machine_arn])
        for resource in ("endpoint-config", "model"):
            acknowledge_sagemaker(self.role, resource=resource, name=own)
        for resource in ("endpoint", "endpoint-config"):
            acknowledge_sagemaker(self.role, resource=resource, name="*", reason=_ANY_ENDPOINT)
        acknowledge(
            self.role,
            finding="AwsSolutions-IAM5[Resource::*]",
            reason="SageMaker's lists have no resource that a policy could name",
        )
        events.Rule(
            self,
            "Daily",
            description=f"Once a day, models and configurations of {names.model} are tidied up",
            schedule=events.Schedule.rate(Duration.days(1)),
            targets=[targets.LambdaFunction(self.function, retry_attempts=3)],
        )


class ReleaseEnds(Construct):
    """Calls functions at the end of each execution; what they give up is mailed.

    A call that fails is tried again by Lambda and changes nothing of the release, which is over.
    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        state_machine: sfn.IStateMachine,
        functions: Sequence[ReleaseFunction],
        failures: sns.ITopic,
        key: kms.IKey,
    ) -> None:
        super().__init__(scope, construct_id)
        for function in functions:
            function.allow(["sns:Publish"], [failures.topic_arn])
            function.allow_key(key)
            self._retry(function, failures)
        events.Rule(
            self,
            "Rule",
            description="Release executions that ended, however they did",
            event_pattern=events.EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                detail={
                    "stateMachineArn": [state_machine.state_machine_arn],
                    "status": ["SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT"],
                },
            ),
            targets=[targets.LambdaFunction(f.function, retry_attempts=3) for f in functions],
        )

    def _retry(self, function: ReleaseFunction, failures: sns.ITopic) -> None:
        # The CDK's own destination would allow wildcard actions on the key.
        config = lambda_.CfnEventInvokeConfig(
            self,
            f"{function.node.id}Retries",
            function_name=function.function.function_name,
            qualifier="$LATEST",
            maximum_retry_attempts=_RETRIES,
            maximum_event_age_in_seconds=_TRIED_FOR.to_seconds(),
            destination_config=lambda_.CfnEventInvokeConfig.DestinationConfigProperty(
                on_failure=lambda_.CfnEventInvokeConfig.OnFailureProperty(
                    destination=failures.topic_arn
                )
            ),
        )
        # Lambda checks when it makes the configuration whether the role may publish.
        config.node.add_dependency(function.role)
