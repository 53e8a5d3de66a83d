"""One page of graphs: how releases end, how good the models are, how the endpoint does."""

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from mlops_stacks.constructs.endpoint_alarms import endpoint_dimensions
from mlops_stacks.constructs.release_metrics import OUTCOMES, of_model, releases
from mlops_stacks.settings import Settings
from mlops_stacks.settings_gate import METRICS

_DAY = Duration.days(1)
_MINUTE = Duration.minutes(1)
_WHOLE_WIDTH = 24
_HALF = 12
_MICROSECONDS_IN_MS = 1000


class ReleaseDashboard(Construct):
    """The dashboard that is named after the model.

    Args:
        alarms: shown on top, so that a red one is seen first.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        alarms: Sequence[cloudwatch.IAlarm],
    ) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        self._model = settings.names.model
        serving = [self._latency()]
        if settings.endpoint.serverless is None:
            serving += [self._instances(), self._load()]
        cloudwatch.Dashboard(
            self,
            "Dashboard",
            dashboard_name=settings.names.dashboard,
            default_interval=Duration.days(30),
            widgets=[
                [
                    cloudwatch.AlarmStatusWidget(
                        title=f"Alarms of model {self._model}",
                        alarms=list(alarms),
                        width=_WHOLE_WIDTH,
                        height=3,
                    )
                ],
                [self._outcomes(), self._lead_time()],
                [self._figures()],
                [self._invocations(), self._errors()],
                list(serving),
            ],
        )

    def _outcomes(self) -> cloudwatch.IWidget:
        return cloudwatch.GraphWidget(
            title="Releases by outcome, per day",
            left=[
                releases(model_name=self._model, outcome=outcome, period=_DAY).with_(label=outcome)
                for outcome in OUTCOMES
            ],
            left_y_axis=cloudwatch.YAxisProps(min=0, label="Releases", show_units=False),
            view=cloudwatch.GraphWidgetView.BAR,
            width=_HALF,
        )

    def _lead_time(self) -> cloudwatch.IWidget:
        seconds = of_model("LeadTime", model_name=self._model, statistic="Average", period=_DAY)
        hours = cloudwatch.MathExpression(
            expression="seconds / 3600",
            using_metrics={"seconds": seconds},
            label="From start to live",
            period=_DAY,
        )
        return cloudwatch.GraphWidget(
            title="Lead time of releases that went live, in hours",
            left=[hours],
            left_y_axis=cloudwatch.YAxisProps(min=0, label="Hours", show_units=False),
            width=_HALF,
        )

    def _figures(self) -> cloudwatch.IWidget:
        names = METRICS[self._settings.model.task].values()
        return cloudwatch.GraphWidget(
            title="Gate metrics of each candidate, on held-out data",
            left=[
                of_model(
                    name[0].upper() + name[1:],
                    model_name=self._model,
                    statistic="Average",
                    period=_MINUTE,
                )
                for name in names
            ],
            width=_WHOLE_WIDTH,
        )

    def _invocations(self) -> cloudwatch.IWidget:
        return cloudwatch.GraphWidget(
            title="Endpoint: invocations per minute",
            left=[self._endpoint("Invocations", "Sum")],
            left_y_axis=cloudwatch.YAxisProps(min=0, show_units=False),
            width=_HALF,
        )

    def _errors(self) -> cloudwatch.IWidget:
        return cloudwatch.GraphWidget(
            title="Endpoint: errors per minute (5xx of the model, 4xx of the caller)",
            left=[
                self._endpoint("Invocation5XXErrors", "Sum"),
                self._endpoint("Invocation4XXErrors", "Sum"),
            ],
            left_y_axis=cloudwatch.YAxisProps(min=0, show_units=False),
            width=_HALF,
        )

    def _latency(self) -> cloudwatch.IWidget:
        lines: list[cloudwatch.IMetric] = [
            cloudwatch.MathExpression(
                expression=f"{statistic} / {_MICROSECONDS_IN_MS}",
                using_metrics={statistic: self._endpoint("ModelLatency", statistic)},
                label=statistic,
                period=_MINUTE,
            )
            for statistic in ("p50", "p99")
        ]
        return cloudwatch.GraphWidget(
            title="Endpoint: latency of the model in ms, p50 and p99",
            left=lines,
            left_y_axis=cloudwatch.YAxisProps(min=0, label="ms", show_units=False),
            width=_HALF,
        )

    def _instances(self) -> cloudwatch.IWidget:
        # Each instance reports once a minute: the count of reports is the count of instances.
        return cloudwatch.GraphWidget(
            title="Endpoint: instances",
            left=[self._endpoint("CPUUtilization", "SampleCount", label="Instances")],
            left_y_axis=cloudwatch.YAxisProps(min=0, show_units=False),
            width=_HALF // 2,
        )

    def _load(self) -> cloudwatch.IWidget:
        return cloudwatch.GraphWidget(
            title="Endpoint: CPU and memory of its instances, in percent",
            left=[
                self._endpoint("CPUUtilization", "Average"),
                self._endpoint("MemoryUtilization", "Average"),
            ],
            left_y_axis=cloudwatch.YAxisProps(min=0, show_units=False),
            width=_HALF // 2,
        )

    def _endpoint(
        self, metric_name: str, statistic: str, *, label: str | None = None
    ) -> cloudwatch.Metric:
        # https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html
        of_instances = metric_name.endswith("Utilization")
        return cloudwatch.Metric(
            namespace="/aws/sagemaker/Endpoints" if of_instances else "AWS/SageMaker",
            metric_name=metric_name,
            dimensions_map=endpoint_dimensions(self._settings.names.endpoint),
            statistic=statistic,
            period=_MINUTE,
            label=label,
        )
