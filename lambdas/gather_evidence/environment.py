"""What the function is deployed with: the limits of the gate."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import cache

from shared.environment import InvalidEnvironmentError, required
from shared.gate import Limits
from shared.metrics import METRICS

_EXAMPLE = '{"thresholds": {"accuracy": 0.6}, "allowedRegression": {"accuracy": 0.02}}'


@cache
def limits() -> Limits:
    """Read from GATE at cold start.

    Raises:
        InvalidEnvironmentError: the variable is missing or wrong.
    """
    try:
        value = json.loads(required("GATE"))
    except ValueError:
        value = None
    if not isinstance(value, Mapping):
        raise _invalid("must be a JSON object")
    thresholds = _numbers(value.get("thresholds"), name="thresholds")
    allowed = _numbers(value.get("allowedRegression"), name="allowedRegression")
    if any(number < 0 for number in allowed.values()):
        raise _invalid("has an allowed regression below 0")
    return Limits(thresholds=thresholds, allowed_regression=allowed)


def _numbers(value: object, *, name: str) -> Mapping[str, float]:
    if not isinstance(value, Mapping):
        raise _invalid(f"must have an object {name!r}")
    for metric, number in value.items():
        if metric not in METRICS:
            raise _invalid(f"has the unknown metric {metric!r} in {name!r}")
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise _invalid(f"has no number for {metric!r} in {name!r}")
        # Python reads NaN and Infinity from JSON, and nothing can be held against them.
        if not math.isfinite(number):
            raise _invalid(f"has no finite number for {metric!r} in {name!r}")
    return {metric: float(number) for metric, number in value.items()}


def _invalid(what: str) -> InvalidEnvironmentError:
    return InvalidEnvironmentError(
        f"Environment variable GATE {what}. It is made from [gate] in settings.toml, such as "
        f"{_EXAMPLE}; mend it there and deploy again."
    )
