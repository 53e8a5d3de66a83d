"""What DECISION in the environment says about a release."""

from __future__ import annotations

import os

from local.terminal import LocalError


def decision_wanted() -> str:
    """`approve`, `reject`, or empty when a person shall decide.

    Raises:
        LocalError: DECISION has another value.
    """
    decision = os.environ.get("DECISION", "")
    if decision not in ("", "approve", "reject"):
        raise LocalError(
            what=f"DECISION={decision} is not known",
            why="a release is approved or rejected",
            next_step="use DECISION=approve or reject, or leave it out to decide by the link",
        )
    return decision
