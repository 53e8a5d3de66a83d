"""The project's own metrics, by which alarms and dashboard follow releases."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

NAMESPACE = "ModelRelease"

OUTCOMES = (
    "live",
    "putBack",
    "gateFailed",
    "rejected",
    "timedOut",
    "superseded",
    "failed",
    "stuck",
    "aborted",
)
"""How a release may end (lambdas/record_outcome)."""


def releases(*, model_name: str, outcome: str, period: Duration) -> cloudwatch.Metric:
    """How many releases have ended so."""
    return cloudwatch.Metric(
        namespace=NAMESPACE,
        metric_name="Releases",
        dimensions_map={"Model": model_name, "Outcome": outcome},
        statistic="Sum",
        period=period,
    )


def of_model(
    metric_name: str, *, model_name: str, statistic: str, period: Duration
) -> cloudwatch.Metric:
    """A metric of the model: LeadTime, or a figure of its evaluation such as MacroF1."""
    return cloudwatch.Metric(
        namespace=NAMESPACE,
        metric_name=metric_name,
        dimensions_map={"Model": model_name},
        statistic=statistic,
        period=period,
    )
