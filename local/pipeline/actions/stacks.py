"""A stack of CloudFormation, as an action looks at it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

_NOT_MADE = ("REVIEW_IN_PROGRESS", "DELETE_COMPLETE")
_SUCCEEDED = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE")


class Stack:
    """One stack, by a client of the action's role. Every method may raise ClientError."""

    def __init__(
        self,
        client: Any,  # noqa: ANN401 - CloudFormation's
        *,
        name: str,
        poll_seconds: float,
        say: Callable[[str], None],
    ) -> None:
        self.client = client
        self.name = name
        self._poll_seconds = poll_seconds
        self._say = say

    def exists(self) -> bool:
        """Whether it is there, beyond a change set that would create it."""
        found = self._describe()
        return found is not None and found["StackStatus"] not in _NOT_MADE

    def outputs(self) -> dict[str, str]:
        """Its outputs by their keys."""
        found = self._describe() or {}
        return {item["OutputKey"]: item["OutputValue"] for item in found.get("Outputs", [])}

    def delete_change_set(self, name: str) -> None:
        """Delete a change set; one that is not there is fine."""
        try:
            self.client.delete_change_set(StackName=self.name, ChangeSetName=name)
        except ClientError as error:
            if not _missing(error):
                raise

    def wait_for_change_set(self, name: str) -> dict[str, Any]:
        """A change set, once CloudFormation has made or refused it."""
        while True:
            found: dict[str, Any] = self.client.describe_change_set(
                StackName=self.name, ChangeSetName=name
            )
            if found["Status"] in ("CREATE_COMPLETE", "FAILED"):
                return found
            time.sleep(self._poll_seconds)

    def wait(self) -> str | None:
        """Wait for the end of its change; why it failed, or None if it did not."""
        while True:
            found = self._describe()
            status = found["StackStatus"] if found else "DELETE_COMPLETE"
            if not status.endswith("_IN_PROGRESS"):
                break
            time.sleep(self._poll_seconds)
        self._say(f"Stack {self.name}: {status}")
        if status in _SUCCEEDED:
            return None
        reasons = self._reasons()
        told = "; ".join(reasons) or (found or {}).get("StackStatusReason", "no reason is known")
        return f"Stack {self.name} has ended as {status}: {told}"

    def _reasons(self) -> list[str]:
        """What CloudFormation says of the resources that failed in the last change."""
        events = self.client.describe_stack_events(StackName=self.name)["StackEvents"]
        reasons: list[str] = []
        for event in events:  # Newest first.
            status, own = event["ResourceStatus"], event["LogicalResourceId"] == self.name
            if own and status in ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"):
                break
            if status.endswith("_FAILED") and event.get("ResourceStatusReason"):
                reasons.append(f"{event['LogicalResourceId']}: {event['ResourceStatusReason']}")
        return reasons[::-1]

    def _describe(self) -> dict[str, Any] | None:
        try:
            [found] = self.client.describe_stacks(StackName=self.name)["Stacks"]
        except ClientError as error:
            if _missing(error):
                return None
            raise
        return dict(found)


def _missing(error: ClientError) -> bool:
    told = error.response["Error"]
    return told["Code"] in ("ChangeSetNotFound", "ChangeSetNotFoundException") or (
        told["Code"] == "ValidationError" and "does not exist" in told.get("Message", "")
    )
