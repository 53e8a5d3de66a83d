"""What the endpoint must not do, now or while a new model comes onto it."""

from collections.abc import Mapping

from aws_cdk import ArnFormat, Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from mlops_stacks.constructs.acknowledgment import acknowledge
from mlops_stacks.settings_endpoint import AlarmSettings

VARIANT = "AllTraffic"
"""The only variant's name: an update keeps to the name of what it replaces."""

_MINUTE = Duration.minutes(1)
_MICROSECONDS = 1000  # in a millisecond, of which the latency is not told


def endpoint_dimensions(endpoint_name: str) -> Mapping[str, str]:
    """What SageMaker's metrics of the endpoint are told apart by."""
    return {"EndpointName": endpoint_name, "VariantName": VARIANT}


def allow_alarm_reads(role: iam.Role) -> None:
    """Allow a role to look at alarms.

    A request that names several is not judged by their names, but as one for all alarms:
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
    """
    role.add_to_policy(
        iam.PolicyStatement(
            actions=["cloudwatch:DescribeAlarms"],
            resources=[
                Stack.of(role).format_arn(
                    service="cloudwatch",
                    resource="alarm",
                    resource_name="*",
                    arn_format=ArnFormat.COLON_RESOURCE_NAME,
                )
            ],
        )
    )
    acknowledge(
        role,
        finding="AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:cloudwatch:<AWS::Region>"
        ":<AWS::AccountId>:alarm:*]",
        reason="CloudWatch judges a look at several alarms as one at all; nothing is changed",
    )


class EndpointAlarms(Construct):
    """Alarms on errors and, if the settings have a limit, on slow answers.

    Each is a plain metric: it rings within minutes, is mailed, and ends an update under way.
    https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-configuration.html

    Attributes:
        alarms: the alarms.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        endpoint_name: str,
        settings: AlarmSettings,
        topic: sns.ITopic,
    ) -> None:
        super().__init__(scope, construct_id)
        self._dimensions = endpoint_dimensions(endpoint_name)
        self.alarms = [
            self._alarm(
                "Errors",
                metric_name="Invocation5XXErrors",
                statistic="Sum",
                threshold=settings.errors_per_minute,
                description=f"Endpoint {endpoint_name} answers with errors: "
                f"{settings.errors_per_minute} or more with a status of 5xx in a minute",
            )
        ]
        if settings.latency_ms is not None:
            self.alarms.append(
                self._alarm(
                    "Latency",
                    metric_name="ModelLatency",
                    statistic="p99",
                    threshold=settings.latency_ms * _MICROSECONDS,
                    description=f"Endpoint {endpoint_name} is slow: its model takes "
                    f"{settings.latency_ms} ms or more for 1 request in 100",
                )
            )
        for alarm in self.alarms:
            alarm.add_alarm_action(actions.SnsAction(topic))

    def _alarm(
        self,
        construct_id: str,
        *,
        metric_name: str,
        statistic: str,
        threshold: int,
        description: str,
    ) -> cloudwatch.Alarm:
        return cloudwatch.Alarm(
            self,
            construct_id,
            alarm_description=description,
            metric=cloudwatch.Metric(
                namespace="AWS/SageMaker",
                metric_name=metric_name,
                dimensions_map=self._dimensions,
                statistic=statistic,
                period=_MINUTE,
            ),
            threshold=threshold,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            evaluation_periods=1,
            # Nobody asks: nothing fails.
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
