"""The alarms of an AutoRollbackConfiguration, looked at with the model's execution role.

https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-configuration.html
"""

from __future__ import annotations

from collections.abc import Sequence

from botocore.exceptions import BotoCoreError, ClientError

from local.sagemaker.cloud import Cloud
from local.sagemaker.errors import JobFailedError


class AlarmWatch:
    """Looks at CloudWatch alarms; without names there is nothing to look at."""

    def __init__(self, cloud: Cloud, *, role_arn: str, alarm_names: Sequence[str]) -> None:
        self._role_arn = role_arn
        self._names = list(alarm_names)
        self._client = cloud.role_session(role_arn).client("cloudwatch") if alarm_names else None

    def check(self) -> None:
        """Raise JobFailedError, for FailureReason, when an alarm is in ALARM or cannot be seen."""
        if self._client is None:
            return
        states: dict[str, str] = {}
        try:
            for name in self._names:  # One by one, as IAM is asked about each.
                found = self._client.describe_alarms(
                    AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"]
                )
                states |= {item["AlarmName"]: item["StateValue"] for item in found["MetricAlarms"]}
                states |= {
                    item["AlarmName"]: item["StateValue"] for item in found["CompositeAlarms"]
                }
        except (ClientError, BotoCoreError) as error:
            raise JobFailedError(
                f"The model's execution role {self._role_arn} cannot look at the auto-rollback "
                f"alarms; it needs cloudwatch:DescribeAlarms. {error}"
            ) from error
        if unknown := [name for name in self._names if name not in states]:
            raise JobFailedError(f"The auto-rollback alarms do not exist: {', '.join(unknown)}.")
        if tripped := [name for name in self._names if states[name] == "ALARM"]:
            raise JobFailedError(
                "The deployment was rolled back because one or more of the auto-rollback alarms "
                f"are in the ALARM state: {', '.join(tripped)}."
            )
