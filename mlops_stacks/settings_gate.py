"""`[gate]` of settings.toml: what a model must reach before anybody is asked to approve it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from mlops_stacks.settings_fields import FROZEN, Section

Task = Literal["classification", "regression"]

# The names in settings.toml, and those in events and reports (lambdas/shared/metrics.py).
METRICS: Mapping[Task, Mapping[str, str]] = {
    "classification": {
        "accuracy": "accuracy",
        "macro_f1": "macroF1",
        "worst_recall": "worstRecall",
    },
    "regression": {"rmse": "rmse", "mae": "mae", "r2": "r2"},
}
# A loss of these is in their own unit; of an error, it is a share of the live model's.
_AT_MOST_ONE = ("accuracy", "macro_f1", "worst_recall", "r2")
_FROM_NOUGHT = ("accuracy", "macro_f1", "worst_recall", "rmse", "mae")


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError("a finite number is allowed")
    return value


def _not_negative(value: float) -> float:
    if not (math.isfinite(value) and value >= 0):
        raise ValueError("a number from 0 is allowed")
    return value


class GateSettings(Section):
    """Limits by metric; without any, every model reaches the approvers.

    Attributes:
        thresholds: at least so much, at most for rmse and mae.
        allowed_regression: how much worse than the live model's on the same data; of rmse and
            mae, as a share of it.
    """

    thresholds: Annotated[Mapping[str, Annotated[float, AfterValidator(_finite)]], *FROZEN] = Field(
        default={}, validate_default=True
    )
    allowed_regression: Annotated[
        Mapping[str, Annotated[float, AfterValidator(_not_negative)]], *FROZEN
    ] = Field(default={}, validate_default=True)

    def fault(self, task: Task) -> str | None:
        """What is wrong for models of this task, in one line; None if nothing is."""
        for section in ("thresholds", "allowed_regression"):
            for name in getattr(self, section):
                if name not in METRICS[task]:
                    return (
                        f'gate.{section}.{name}: a metric of model.task = "{task}" is allowed: '
                        f"{', '.join(METRICS[task])}"
                    )
        for name, value in self.thresholds.items():
            least = 0 if name in _FROM_NOUGHT else -math.inf
            most = 1 if name in _AT_MOST_ONE else math.inf
            if not least <= value <= most:
                bounds = [f"from {least}"] * (least == 0) + [f"up to {most}"] * (most == 1)
                return f"gate.thresholds.{name} = {value:g}: {' '.join(bounds)} is allowed"
        return None

    def to_json(self, task: Task) -> dict[str, dict[str, float]]:
        """The limits by the names of metrics in events and reports."""
        names = METRICS[task]
        return {
            "thresholds": {names[name]: value for name, value in self.thresholds.items()},
            "allowedRegression": {
                names[name]: value for name, value in self.allowed_regression.items()
            },
        }
