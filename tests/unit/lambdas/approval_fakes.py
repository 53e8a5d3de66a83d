"""In-memory stand-ins for the two sides of an approval: the table and the workflow."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from answer_approval.handler import respond
from answer_approval.workflow import NoLongerWaitingError, UnreachableError
from ask_approval.request import read_approval
from shared.approvals import AlreadyDecided, Approval, Decision
from shared.http import HttpResponse

from tests.unit.lambdas import events

FORM = {"content-type": "application/x-www-form-urlencoded"}
ASKED_AT = 1_795_357_800  # 22 November 2026, 14:30 UTC
APPROVAL = read_approval(events.load("ask_approval"), now=ASKED_AT)
NOW = ASKED_AT + 60
APPROVED = Decision(
    verdict="approved",
    decided_by="Grace Hopper",
    reason="Fine",
    decided_at="2026-11-22T14:30:30Z",
    source_ip="203.0.113.9",
)


@dataclass
class FakeApprovals:
    """Behaves as ApprovalsTable, whose own tests run against a DynamoDB emulator."""

    items: dict[str, Approval] = field(default_factory=dict)
    writes: int = 0

    def get(self, approval_id: str) -> Approval | None:
        return self.items.get(approval_id)

    def decide(self, approval_id: str, *, decision: Decision, now: int) -> Approval:
        item = self.items[approval_id]
        if item.decision or item.expires_at <= now:
            raise AlreadyDecided
        self.writes += 1
        self.items[approval_id] = replace(item, decision=decision)
        return self.items[approval_id]

    def mark_told(self, approval_id: str, *, told_at: str) -> None:
        self.writes += 1
        self.items[approval_id] = replace(self.items[approval_id], workflow_told_at=told_at)


@dataclass
class FakeWorkflow:
    """A run that waits for one token, once."""

    waiting_for: str | None = APPROVAL.task_token
    reachable: bool = True
    told: list[Decision] = field(default_factory=list)

    def tell(self, decision: Decision, *, task_token: str) -> None:
        if not self.reachable:
            raise UnreachableError("ThrottlingException")
        if task_token != self.waiting_for:
            raise NoLongerWaitingError("TaskTimedOut")
        self.waiting_for = None
        self.told.append(decision)


class Api:
    """The function with its two sides faked."""

    def __init__(self, approval: Approval | None = APPROVAL) -> None:
        self.approvals = FakeApprovals({approval.approval_id: approval} if approval else {})
        self.workflow = FakeWorkflow()

    def send(self, event: dict[str, Any], *, now: int = NOW) -> HttpResponse:
        return respond(event, approvals=self.approvals, workflow=self.workflow, now=now)

    def get(
        self, method: str = "GET", *, path_parameters: dict[str, str] | None = None
    ) -> HttpResponse:
        event = events.http("http_approval_get", method=method, path_parameters=path_parameters)
        return self.send(event)

    def post(
        self, body: bytes = b"decision=approve&name=Ada", **headers: str | None
    ) -> HttpResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.send(
            events.http("http_approval_post_form", body=body, headers={**FORM, **named})
        )

    @property
    def recorded(self) -> Decision | None:
        return self.approvals.items[APPROVAL.approval_id].decision
