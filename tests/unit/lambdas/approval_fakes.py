"""Stand-ins for what an approval page works with: the table, the key, the files."""

from __future__ import annotations

import hmac
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from answer_approval.evidence import PredictionFile
from answer_approval.handler import Resources, respond
from ask_approval.request import Asked, read_request
from shared.approvals import Approval, Status, Verdict, Vote
from shared.approvals_table import VoteRefusedError
from shared.http import HttpResponse
from shared.links import Claim, approver_key, link_of

from tests.unit.lambdas import events

FORM = {"content-type": "application/x-www-form-urlencoded"}
ADA, GRACE, LIN = "ada@example.com", "grace@example.com", "lin@example.com"
ASKED = Asked(approvers=(ADA, GRACE, LIN), approvals_required=1, committer_may_approve=True)
ASKED_AT = 1_795_357_800  # 22 November 2026, 14:30 UTC
APPROVAL = read_request(events.load("ask_approval"), asked=ASKED, now=ASKED_AT).approval
NOW = ASKED_AT + 60
VOTED_AT = "2026-11-22T14:31:00Z"


@dataclass(frozen=True)
class HmacKey:
    """A real HMAC key, as KMS has one, and as different from another one."""

    secret: bytes = b"a key that only tests have"

    def sign(self, message: bytes) -> bytes:
        return hmac.digest(self.secret, message, "sha256")

    def verifies(self, message: bytes, *, mac: bytes) -> bool:
        return hmac.compare_digest(self.sign(message), mac)


KEY = HmacKey()


def vote(
    approver: str, verdict: Verdict = "approved", *, reason: str = "", at: str = VOTED_AT
) -> Vote:
    """A vote from an address in the documentation's network."""
    return Vote(
        approver=approver, verdict=verdict, reason=reason, voted_at=at, source_ip="203.0.113.7"
    )


def ended(status: Status, *, superseded_by: str | None = None) -> Approval:
    """The approval as it ended without people."""
    return replace(APPROVAL, status=status, settled_at=VOTED_AT, superseded_by=superseded_by)


def query_of(
    approver: str,
    *,
    approval: Approval = APPROVAL,
    expires: int | None = None,
    key: HmacKey = KEY,
) -> str:
    """The query string of an approver's link."""
    claim = Claim(
        approval_id=approval.approval_id,
        approver=approver_key(approver),
        expires=approval.expires_at if expires is None else expires,
    )
    return link_of(claim, api_url="https://api.example", key=key).partition("?")[2]


@dataclass
class FakeApprovals:
    """Behaves as ApprovalsTable, whose own tests run against a DynamoDB emulator."""

    items: dict[str, Approval] = field(default_factory=dict)
    reads: int = 0
    writes: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, approval_id: str) -> Approval | None:
        self.reads += 1
        return self.items.get(approval_id)

    def vote(self, approval_id: str, *, vote: Vote, now: int) -> Approval:
        with self.lock:
            item = self.items[approval_id]
            if not item.takes_votes(now=now) or item.vote_of(vote.approver):
                raise VoteRefusedError
            self.writes += 1
            self.items[approval_id] = item.with_vote(vote)
            return self.items[approval_id]


class Api:
    """The page's function with everything around it faked."""

    def __init__(self, approval: Approval | None = APPROVAL) -> None:
        self.approvals = FakeApprovals({approval.approval_id: approval} if approval else {})

    def send(self, event: Mapping[str, Any], *, now: int = NOW) -> HttpResponse:
        resources = Resources(approvals=self.approvals, key=KEY, files=_files)
        return respond(event, resources=resources, now=now)

    def get(
        self,
        approver: str = ADA,
        *,
        method: str = "GET",
        query: str | None = None,
        accept: str = "text/html",
        now: int = NOW,
    ) -> HttpResponse:
        event = events.http(
            "http_approval_get",
            method=method,
            headers={"accept": accept},
            query=query_of(approver) if query is None else query,
        )
        return self.send(event, now=now)

    def post(
        self,
        approver: str = ADA,
        body: bytes = b"decision=approve",
        *,
        now: int = NOW,
        **headers: str | None,
    ) -> HttpResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        event = events.http(
            "http_approval_post_form",
            body=body,
            headers={**FORM, **named},
            query=query_of(approver),
        )
        return self.send(event, now=now)

    @property
    def recorded(self) -> Approval:
        return self.approvals.items[APPROVAL.approval_id]


def _files(approval: Approval) -> list[PredictionFile]:
    keys = approval.evidence.evaluation.prediction_keys
    return [PredictionFile(name=key, url=f"https://s3.example/{key}?X-Amz=1") for key in keys]
