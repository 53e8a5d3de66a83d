"""Many people deciding at the same moment: one decision, and no vote is lost or counted twice."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest
from answer_approval.handler import Resources, respond
from shared.approvals import Approval
from shared.approvals_table import ApprovalsTable

from tests.unit.lambdas import events
from tests.unit.lambdas.approval_fakes import APPROVAL, FORM, KEY, NOW, query_of
from tests.unit.lambdas.approval_table import emulated, one_call_at_a_time

_THREADS = 50
_EVERYBODY = tuple(f"approver-{number}@example.com" for number in range(_THREADS))


@pytest.fixture
def table() -> Iterator[ApprovalsTable]:
    with emulated() as table:
        yield one_call_at_a_time(table)


def _statuses(table: ApprovalsTable, posts: list[tuple[str, bytes]]) -> list[int]:
    """The answers to all posts, which begin at the same moment."""
    resources = Resources(approvals=table, key=KEY, files=lambda _: ())
    start = Barrier(len(posts))

    def post(approver: str, body: bytes) -> int:
        event = events.http(
            "http_approval_post_form", body=body, headers=FORM, query=query_of(approver)
        )
        start.wait()
        return respond(event, resources=resources, now=NOW).status

    with ThreadPoolExecutor(max_workers=len(posts)) as pool:
        return list(pool.map(lambda one: post(*one), posts))


def _body(number: int) -> bytes:
    return b"decision=approve" if number % 2 else b"decision=reject&reason=No"


def _found(table: ApprovalsTable) -> Approval:
    approval = table.get(APPROVAL.approval_id)
    assert approval is not None
    return approval


@pytest.mark.parametrize("one_person", [True, False])
def test_fifty_mixed_decisions_yield_one(table: ApprovalsTable, one_person: bool) -> None:
    table.record(replace(APPROVAL, approvers=_EVERYBODY))

    who = [_EVERYBODY[0] if one_person else one for one in _EVERYBODY]
    statuses = _statuses(table, [(one, _body(i)) for i, one in enumerate(who)])

    assert sorted(set(statuses)) == [200, 409]
    assert statuses.count(200) == 1
    decided = _found(table)
    [vote] = decided.votes
    assert vote.approver == who[statuses.index(200)]
    assert decided.status == vote.verdict.upper()


def test_of_fifty_approvals_at_once_as_many_count_as_are_needed(table: ApprovalsTable) -> None:
    table.record(replace(APPROVAL, approvers=_EVERYBODY, approvals_required=30))

    statuses = _statuses(table, [(one, b"decision=approve") for one in _EVERYBODY])

    decided = _found(table)
    assert (statuses.count(200), statuses.count(409)) == (30, 20)
    assert decided.status == "APPROVED"
    voters = [vote.approver for vote in decided.votes]
    assert sorted(voters) == sorted(
        one for one, status in zip(_EVERYBODY, statuses, strict=True) if status == 200
    )


def test_votes_and_a_rejection_at_once_end_in_what_the_last_vote_says(
    table: ApprovalsTable,
) -> None:
    table.record(replace(APPROVAL, approvers=_EVERYBODY, approvals_required=5))

    bodies = [b"decision=approve"] * 48 + [b"decision=reject&reason=No"] * 2
    statuses = _statuses(table, list(zip(_EVERYBODY, bodies, strict=True)))

    decided = _found(table)
    assert statuses.count(200) == len(decided.votes)
    if decided.status == "REJECTED":
        assert [vote.verdict for vote in decided.votes][-1] == "rejected"
        assert len(decided.votes) <= 5
    else:
        assert [vote.verdict for vote in decided.votes] == ["approved"] * 5
