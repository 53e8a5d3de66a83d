"""When an alarm is in which state."""

from __future__ import annotations

from typing import Any

import pytest

from local.cloud.alarms import state_of

# A tenth of the time: a period of 60 s is 6 s.
_SCALE, _NOW = 0.1, 1000.0


def alarm(**changes: object) -> dict[str, Any]:
    return {
        "MetricName": "Invocation5XXErrors",
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 1.0,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "missing",
        "StateValue": "OK",
        **changes,
    }


def state(definition: dict[str, Any], *points: tuple[float, float]) -> str:
    """Of points as (seconds ago, value)."""
    recorded = [{"Timestamp": _NOW - ago, "Value": value, "Unit": "Count"} for ago, value in points]
    return state_of(definition, recorded, now=_NOW, time_scale=_SCALE)


def test_a_period_runs_in_scaled_time() -> None:
    assert state(alarm(), (5.9, 1)) == "ALARM"
    assert state(alarm(), (6.1, 1), (1, 0)) == "OK"


def test_values_of_a_period_are_put_together() -> None:
    assert state(alarm(Threshold=3.0), (1, 1), (2, 1), (3, 1)) == "ALARM"
    assert state(alarm(Threshold=3.0, Statistic="Maximum"), (1, 1), (2, 1), (3, 1)) == "OK"
    latency = alarm(Statistic=None, ExtendedStatistic="p99", Threshold=90.0)
    assert state(latency, *[(1, value) for value in range(100)]) == "ALARM"
    assert state(latency, *[(1, value) for value in range(80)]) == "OK"


@pytest.mark.parametrize(
    ("treatment", "expected"),
    [
        ("missing", "INSUFFICIENT_DATA"),
        ("notBreaching", "OK"),
        ("breaching", "ALARM"),
        ("ignore", "OK"),
    ],
)
def test_missing_data(treatment: str, expected: str) -> None:
    assert state(alarm(TreatMissingData=treatment), (100, 1)) == expected


@pytest.mark.parametrize(
    ("needed", "seen", "expected"),
    [
        (None, [(1, 1), (7, 1), (13, 1)], "ALARM"),
        (None, [(1, 1), (7, 1), (13, 0)], "OK"),
        (2, [(1, 1), (7, 0), (13, 1)], "ALARM"),
        (2, [(1, 1), (7, 0)], "OK"),
    ],
)
def test_so_many_of_the_last_periods_must_breach(
    needed: int | None, seen: list[tuple[float, float]], expected: str
) -> None:
    wanted = {} if needed is None else {"DatapointsToAlarm": needed}
    assert state(alarm(EvaluationPeriods=3, **wanted), *seen) == expected


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("GreaterThanThreshold", 1, "OK"),
        ("LessThanThreshold", 0.5, "ALARM"),
        ("LessThanOrEqualToThreshold", 1, "ALARM"),
    ],
)
def test_comparisons(operator: str, value: float, expected: str) -> None:
    assert state(alarm(ComparisonOperator=operator), (1, value)) == expected
