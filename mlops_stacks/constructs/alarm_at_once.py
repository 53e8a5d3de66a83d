"""An alarm on what shall not happen even once."""

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct


def alarm_at_once(
    scope: Construct, construct_id: str, *, metric: cloudwatch.IMetric, description: str
) -> cloudwatch.Alarm:
    """An alarm that rings as soon as a metric reaches 1, and not while there is no data.

    Args:
        scope: the alarm's construct.
        construct_id: its id there.
        metric: a count.
        description: for the person who is mailed: what has happened, and where to look.
    """
    return cloudwatch.Alarm(
        scope,
        construct_id,
        alarm_description=description,
        metric=metric,
        threshold=1,
        comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        evaluation_periods=1,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
    )
