"""An execution of the workflow, followed to its end."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from operate.wording import printable, when

if TYPE_CHECKING:
    from boto3.session import Session
    from mypy_boto3_stepfunctions import SFNClient

_POLL_SECONDS = 3.0
# More than a run of this workflow adds between two looks.
_EVENTS = 200


@dataclass(frozen=True, kw_only=True)
class End:
    """How it ended: status as Step Functions says it; error and cause are "" if there are none."""

    status: str
    error: str
    cause: str


def follow(
    session: Session,
    execution_arn: str,
    *,
    tell: Callable[[str], None],
    sleep: Callable[[float], None] = time.sleep,
) -> End:
    """Wait until the execution has ended, telling each state when it is first entered."""
    client = session.client("stepfunctions")
    told: set[str] = set()
    while True:
        # Looked at before the states, so that the last of them is told too.
        found = client.describe_execution(executionArn=execution_arn)
        for at, state in _entered(client, execution_arn):
            if state not in told:
                told.add(state)
                tell(f"{at}  {printable(state)}")
        if found["status"] != "RUNNING":
            return End(
                status=found["status"], error=found.get("error", ""), cause=found.get("cause", "")
            )
        sleep(_POLL_SECONDS)


def _entered(client: SFNClient, execution_arn: str) -> list[tuple[str, str]]:
    """When states were entered, and their names, of the newest events, oldest first."""
    answer = client.get_execution_history(
        executionArn=execution_arn,
        reverseOrder=True,
        maxResults=_EVENTS,
        includeExecutionData=False,
    )
    return [
        (when(event["timestamp"]), event["stateEnteredEventDetails"]["name"])
        for event in reversed(answer["events"])
        if "stateEnteredEventDetails" in event
    ]
