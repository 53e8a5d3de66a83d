"""How an execution of the workflow ended, from the event that Step Functions sends of it.

https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from shared import fields

# timedOut: nobody decided; stuck: the execution took longer than the whole workflow may.
Outcome = Literal[
    "live",
    "putBack",
    "gateFailed",
    "rejected",
    "timedOut",
    "superseded",
    "failed",
    "aborted",
    "stuck",
]

# The error names of the workflow's ends that are no faults.
_BY_ERROR: Mapping[str, Outcome] = {
    "QualityGateFailed": "gateFailed",
    "ReleaseRejected": "rejected",
    "ApprovalTimedOut": "timedOut",
    "ReleaseSuperseded": "superseded",
}
_SAID: Mapping[Outcome, str] = {
    "gateFailed": "The quality gate stopped it",
    "rejected": "It was rejected",
    "timedOut": "Nobody decided in time",
    "superseded": "A newer release took its place",
    "failed": "Its release failed",
    "aborted": "Its release was stopped",
    "stuck": "Its release took longer than the whole workflow may",
}


@dataclass(frozen=True, kw_only=True)
class Ending:
    """One end; error is "" if there is none."""

    execution_arn: str
    outcome: Outcome
    error: str
    started_at: datetime
    ended_at: datetime

    @property
    def seconds(self) -> float:
        """How long the execution took."""
        return (self.ended_at - self.started_at).total_seconds()

    @property
    def description(self) -> str:
        """What became of its version, for the registry."""
        said = _SAID.get(self.outcome, "Its release ended")
        return f"{said}, before anybody decided{f' ({self.error})' if self.error else ''}."


def read_ending(event: Mapping[str, Any]) -> Ending:
    """Read an event of an execution that has ended.

    Raises:
        InvalidEventError: it is none.
    """
    detail = fields.mapping(event, "detail")
    status = fields.text(detail, "status")
    error = fields.optional_text(detail, "error")
    return Ending(
        execution_arn=fields.text(detail, "executionArn"),
        outcome=_outcome(status, error=error, given=detail.get("input")),
        error=error,
        started_at=_moment(detail, "startDate"),
        ended_at=_moment(detail, "stopDate"),
    )


def _outcome(status: str, *, error: str, given: object) -> Outcome:
    match status:
        case "SUCCEEDED":
            return "putBack" if _puts_back(given) else "live"
        case "FAILED":
            return _BY_ERROR.get(error, "failed")
        case "TIMED_OUT":
            return "stuck"
        case "ABORTED":
            return "aborted"
    raise fields.InvalidEventError(f"Status {status!r} is no end of an execution.")


def _puts_back(given: object) -> bool:
    """Whether the input names a version; an input that is too large for the event does not."""
    try:
        content = json.loads(given) if isinstance(given, str) else None
    except (ValueError, RecursionError):
        return False
    return isinstance(content, dict) and "modelPackageArn" in content


def _moment(detail: Mapping[str, Any], name: str) -> datetime:
    return datetime.fromtimestamp(fields.number(detail, name) / 1000, tz=UTC)
