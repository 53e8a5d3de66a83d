"""CloudWatch alarms: evaluated by their own dimensions, missing data and time.

MiniStack looks at a metric's points of all dimensions, when a point is put by the API or the alarm
changes, knows no missing data, and measures in real time. Here time runs as fast as the workflow's
waits: a period of 60 s takes 60 s times the wait scale.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ministack.core.responses import request_scope  # type: ignore[import-untyped]
from ministack.services import cloudwatch  # type: ignore[import-untyped]

logger = logging.getLogger(__name__)

_LOOKS_IN_A_PERIOD = 6
_SHORTEST_PAUSE = 0.1
_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
    "LessThanOrEqualToThreshold": lambda value, threshold: value <= threshold,
}


def install(*, time_scale: float) -> None:
    """Evaluate alarms as AWS does, all the time; call it once."""
    lock = threading.Lock()

    def evaluate(alarm: dict[str, Any]) -> None:
        if not alarm.get("Namespace") or not alarm.get("MetricName"):
            return
        with lock:
            _move(alarm, state_of(alarm, _points(alarm), now=time.time(), time_scale=time_scale))

    cloudwatch._evaluate_alarm = evaluate
    threading.Thread(
        target=_watch, args=(time_scale,), name="cloudwatch-alarms", daemon=True
    ).start()


def state_of(
    alarm: Mapping[str, Any],
    points: Sequence[Mapping[str, Any]],
    *,
    now: float,
    time_scale: float,
) -> str:
    """The state that an alarm is in: OK, ALARM, INSUFFICIENT_DATA, or the one it has.

    Args:
        alarm: as PutMetricAlarm has it.
        points: of its metric: `Timestamp` in epoch seconds, `Value` and the like.
        now: epoch seconds at which the last period ends.
        time_scale: real seconds for one second of a period.
    """
    period = alarm["Period"] * time_scale
    periods = alarm["EvaluationPeriods"]
    values = [
        _value(
            alarm,
            [
                point
                for point in points
                if now - (index + 1) * period < point["Timestamp"] <= now - index * period
            ],
        )
        for index in range(periods)
    ]
    breaching = _COMPARISONS[alarm["ComparisonOperator"]]
    missing = alarm.get("TreatMissingData", "missing")
    if all(value is None for value in values) and missing in ("missing", "ignore"):
        return "INSUFFICIENT_DATA" if missing == "missing" else str(alarm["StateValue"])
    count = sum(
        missing == "breaching" if value is None else breaching(value, alarm["Threshold"])
        for value in values
    )
    return "ALARM" if count >= alarm.get("DatapointsToAlarm", periods) else "OK"


def _value(alarm: Mapping[str, Any], points: Sequence[Mapping[str, Any]]) -> float | None:
    statistics = cloudwatch._calc_stats(points)
    if not statistics:
        return None
    name = alarm.get("ExtendedStatistic") or alarm.get("Statistic", "Average")
    value: float | None = cloudwatch._stat_value(statistics, name, points)
    return value


def _points(alarm: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    dimensions = {item["Name"]: item["Value"] for item in alarm.get("Dimensions") or []}
    key = (alarm["Namespace"], alarm["MetricName"], cloudwatch._dims_key(dimensions))
    found = list(cloudwatch._metrics.get(key) or [])
    unit = alarm.get("Unit")
    return [point for point in found if unit in (None, point["Unit"])]


def _move(alarm: dict[str, Any], state: str) -> None:
    old = alarm["StateValue"]
    if state == old:
        return
    name = alarm["AlarmName"]
    reason = (
        f"Threshold Crossed: {alarm['MetricName']} {alarm['ComparisonOperator']} "
        f"{alarm['Threshold']}"
        if state == "ALARM"
        else f"{alarm['MetricName']}: {state}"
    )
    alarm.update(StateValue=state, StateReason=reason, StateUpdatedTimestamp=int(time.time()))
    cloudwatch._record_history(name, old, state, reason)
    cloudwatch._dispatch_alarm_actions(alarm, old, state, reason)
    cloudwatch._evaluate_parent_alarms(alarm)


def _watch(time_scale: float) -> None:
    """Look at each alarm a few times in its period, as long as the process runs."""
    due: dict[tuple[str, str, str], float] = {}
    while True:
        time.sleep(_SHORTEST_PAUSE)
        for (account_id, region, name), alarm in cloudwatch._alarms.all_items():
            now = time.monotonic()
            if due.get((account_id, region, name), 0) > now:
                continue
            pause = alarm.get("Period", 60) * time_scale / _LOOKS_IN_A_PERIOD
            due[account_id, region, name] = now + max(pause, _SHORTEST_PAUSE)
            try:
                with request_scope(account_id, region):
                    cloudwatch._evaluate_alarm(alarm)
            except Exception:  # one alarm that cannot be read must not hide the others
                logger.exception("The alarm %s cannot be evaluated", alarm["AlarmName"])
