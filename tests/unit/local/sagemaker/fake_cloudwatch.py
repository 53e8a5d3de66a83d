"""CloudWatch in memory: alarms, and what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError


class FakeCloudWatch:
    """Alarms' states by name, and what was measured."""

    def __init__(self) -> None:
        self.alarms: dict[str, str] = {}
        self.denied = False
        self.metrics: list[tuple[str, float, Mapping[str, str]]] = []

    def record(
        self, namespace: str, name: str, value: float, *, unit: str, dimensions: Mapping[str, str]
    ) -> None:
        assert (namespace, bool(unit)) == ("AWS/SageMaker", True)
        self.metrics.append((name, value, dimensions))

    def total(self, name: str) -> float:
        return sum(value for metric, value, _ in list(self.metrics) if metric == name)

    def describe_alarms(self, *, AlarmNames: list[str], AlarmTypes: list[str]) -> dict[str, Any]:  # noqa: N803
        assert AlarmTypes == ["MetricAlarm", "CompositeAlarm"]
        if self.denied:
            answer = {
                "Error": {"Code": "AccessDenied", "Message": "AccessDenied here"},
                "ResponseMetadata": {"HTTPStatusCode": 403},
            }
            raise ClientError(answer, "DescribeAlarms")  # type: ignore[arg-type]
        known = [name for name in AlarmNames if name in self.alarms]
        found = [{"AlarmName": name, "StateValue": self.alarms[name]} for name in known]
        return {"MetricAlarms": found, "CompositeAlarms": []}
