"""Days of log retention in the CDK's words."""

from aws_cdk import aws_logs as logs

from mlops_stacks.settings_fields import LOG_RETENTION_DAYS

# Both lists are in ascending order; the CDK's ends with INFINITE, which is no number of days.
_BY_DAYS = dict(zip(LOG_RETENTION_DAYS, logs.RetentionDays, strict=False))


def log_retention(days: int) -> logs.RetentionDays:
    """The CDK's name for a number of days.

    Raises:
        KeyError: CloudWatch Logs does not accept that number of days.
    """
    return _BY_DAYS[days]
