"""The run that put a version back, if the live one was put back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from operate.live import Live
from operate.registry import Version

if TYPE_CHECKING:
    from boto3.session import Session


PUT_BACK_TAG = "putBackBy"
"""The tag of an endpoint configuration that names the run which put its version back."""


@dataclass(frozen=True, kw_only=True)
class PutBack:
    """Who put the live version back.

    Attributes:
        run: the execution's ARN; only its name, if the registry does not tell of the version.
        reason: why; "" if nobody said, or the execution is not to be read any more.
    """

    run: str
    reason: str


def read_put_back(session: Session, live: Live, version: Version | None) -> PutBack | None:
    """The run by which the live version was put back; None if a release put it there."""
    run = live.tags.get(PUT_BACK_TAG, "")
    if not run:
        return None
    # Both runs are of the same workflow, so that their ARNs differ in the name only.
    before, separator, _ = (version.execution_arn if version else "").rpartition(":")
    if not run.startswith("arn:") and separator:
        run = f"{before}:{run}"
    return PutBack(run=run, reason=_reason(session, run))


def _reason(session: Session, run: str) -> str:
    try:
        # Step Functions keeps an execution for 90 days.
        answer = session.client("stepfunctions").describe_execution(executionArn=run)
        given = json.loads(answer.get("input", ""))
    except (ClientError, ValueError):
        return ""
    reason = given.get("reason") if isinstance(given, dict) else None
    return reason if isinstance(reason, str) else ""
