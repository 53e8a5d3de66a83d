"""The gate before a person is asked: limits for a model's metrics, and what it may lose to the
live model on the same held-out data.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self, cast, get_args

from shared import fields
from shared.metrics import METRICS, UNDEFINED, Metric
from shared.text import one_line, shorten

Rule = Literal["threshold", "regression"]
Metrics = Mapping[str, float | None]

# What binary fractions cannot hold must not decide: 0.62 - 0.02 is not quite 0.6.
_TOLERANCE = 1e-9
# The registry takes 1024 characters of it:
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateModelPackage.html
_MAX_SUMMARY_CHARACTERS = 1000


@dataclass(frozen=True)
class Limits:
    """What is demanded, by the names of metrics.

    thresholds: at least so much, at most for an error. allowed_regression: how much worse than the
    live model it may be; in the metric's own unit, for an error as a share of the live one's.
    """

    thresholds: Mapping[str, float]
    allowed_regression: Mapping[str, float]


@dataclass(frozen=True)
class Check:
    """One limit held against the model; text says all of it in one sentence.

    value is None for a metric that is undefined. limit is None where the live model's metric is
    undefined, so that there is nothing to lose. live is None for a threshold.
    """

    metric: str
    rule: Rule
    value: float | None
    limit: float | None
    live: float | None
    passed: bool
    text: str

    def to_json(self) -> dict[str, Any]:
        """The check as a JSON object."""
        return {
            "metric": self.metric,
            "rule": self.rule,
            "value": self.value,
            "limit": self.limit,
            "live": self.live,
            "passed": self.passed,
            "text": self.text,
        }

    @classmethod
    def from_json(cls, event: Mapping[str, Any]) -> Self:
        """Read a check that to_json wrote.

        Raises:
            InvalidEventError: a field is missing or wrong; the message names it.
        """
        metric, rule = fields.text(event, "metric"), fields.text(event, "rule")
        if metric not in METRICS or rule not in get_args(Rule):
            raise fields.InvalidEventError("Fields 'metric' and 'rule' of a check must be known.")
        return cls(
            metric=metric,
            rule=cast(Rule, rule),
            value=_optional_number(event, "value"),
            limit=_optional_number(event, "limit"),
            live=_optional_number(event, "live"),
            passed=fields.flag(event, "passed"),
            text=fields.text(event, "text"),
        )


@dataclass(frozen=True)
class Gate:
    """Whether a model is good enough to ask people about; summary is for a mail."""

    passed: bool
    checks: tuple[Check, ...]
    summary: str

    def to_json(self) -> dict[str, Any]:
        """The gate as a JSON object."""
        return {
            "passed": self.passed,
            "checks": [check.to_json() for check in self.checks],
            "summary": self.summary,
        }

    @classmethod
    def from_json(cls, event: Mapping[str, Any]) -> Self:
        """Read a gate that to_json wrote.

        Raises:
            InvalidEventError: a field is missing or wrong; the message names it.
        """
        return cls(
            passed=fields.flag(event, "passed"),
            checks=tuple(Check.from_json(item) for item in fields.objects(event, "checks")),
            summary=fields.text(event, "summary"),
        )


def judge(limits: Limits, *, metrics: Metrics, live: Metrics | None, live_problem: str) -> Gate:
    """Hold a model's metrics against the limits.

    Without figures of a live model (None), nothing is held against it, and the summary says why:
    live_problem, or that there is none yet.
    """
    checks = tuple(_checks(limits, metrics=metrics, live=live))
    failed = [check for check in checks if not check.passed]
    if len(failed) == 1:
        summary = failed[0].text
    elif failed:
        texts = "; ".join(check.text.rstrip(".") for check in failed)
        summary = f"{len(failed)} of {len(checks)} checks failed: {texts}."
    else:
        alone = _why_alone(live_problem) if live is None and limits.allowed_regression else ""
        summary = f"{_passed(len(checks))} {alone}".strip()
    return Gate(
        passed=not failed,
        checks=checks,
        summary=shorten(summary, characters=_MAX_SUMMARY_CHARACTERS),
    )


def _checks(limits: Limits, *, metrics: Metrics, live: Metrics | None) -> Iterator[Check]:
    for name, metric in METRICS.items():
        value = metrics.get(name)
        if name in limits.thresholds:
            yield _threshold(metric, value=value, limit=limits.thresholds[name])
        if live is not None and name in limits.allowed_regression:
            allowed = limits.allowed_regression[name]
            yield _regression(metric, value=value, live=live.get(name), allowed=allowed)


def _threshold(metric: Metric, *, value: float | None, limit: float) -> Check:
    passed = value is not None and _within(metric, value=value, limit=limit)
    return Check(
        metric=metric.name,
        rule="threshold",
        value=value,
        limit=limit,
        live=None,
        passed=passed,
        text=f"{_demand(metric, value=value, limit=limit, passed=passed)}.",
    )


def _regression(
    metric: Metric, *, value: float | None, live: float | None, allowed: float
) -> Check:
    if live is None:
        limit, passed = None, True
        text = f"{metric.label} of the live model is {UNDEFINED}, so there is nothing to lose."
    else:
        # So much less of what shall be high, so many times as much of an error.
        limit = _finite(live - allowed if metric.higher_is_better else live * (1 + allowed))
        passed = value is not None and _within(metric, value=value, limit=limit)
        demand = _demand(metric, value=value, limit=limit, passed=passed)
        text = (
            f"{demand}: the live model has {metric.as_text(live)}, and "
            f"{_allowed(metric, allowed)} is allowed."
        )
    return Check(
        metric=metric.name,
        rule="regression",
        value=value,
        limit=limit,
        live=live,
        passed=passed,
        text=text,
    )


def _within(metric: Metric, *, value: float, limit: float) -> bool:
    if metric.higher_is_better:
        return value >= limit - _TOLERANCE
    # Errors have any unit, so their tolerance is a share.
    return value <= limit + _TOLERANCE * abs(limit)


def _finite(number: float) -> float:
    """JSON has no infinity."""
    return min(max(number, -sys.float_info.max), sys.float_info.max)


def _demand(metric: Metric, *, value: float | None, limit: float, passed: bool) -> str:
    ours, theirs = metric.as_text(value), metric.as_text(limit)
    if value is not None and ours == theirs and not passed:
        # A person must see what the difference is.
        unit, times = (" %", 100) if metric.is_share else ("", 1)
        ours, theirs = (f"{number * times:.12g}{unit}" for number in (value, limit))
    bound = "at least" if metric.higher_is_better else "at most"
    return f"{metric.label} is {ours}, {'and' if passed else 'but'} must be {bound} {theirs}"


def _allowed(metric: Metric, allowed: float) -> str:
    if not allowed:
        return "no loss" if metric.higher_is_better else "no more"
    if not metric.higher_is_better:
        return f"{allowed * 100:.4g} % more"
    return f"a loss of {f'{allowed * 100:.4g} points' if metric.is_share else f'{allowed:.4g}'}"


def _passed(checks: int) -> str:
    if not checks:
        return "There was no limit to check."
    return "It passed its one check." if checks == 1 else f"It passed all {checks} checks."


def _why_alone(live_problem: str) -> str:
    if not live_problem:
        return "There is no live model yet to compare it with."
    return f"It was not compared with the live model: {one_line(live_problem)}"


def _optional_number(event: Mapping[str, Any], name: str) -> float | None:
    value = None if event.get(name) is None else fields.number(event, name)
    if value is not None and not math.isfinite(value):
        raise fields.InvalidEventError(f"Field {name!r} must be a finite number.")
    return value
