"""The table of approvals against a DynamoDB emulator: its conditions are what must hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal

import pytest
from shared.approvals import Approval, Status, Verdict, Vote
from shared.approvals_table import ApprovalsTable, VoteRefusedError

from tests.unit.lambdas.approval_fakes import (
    ADA,
    APPROVAL,
    GRACE,
    LIN,
    NOW,
    VOTED_AT,
    FakeApprovals,
    vote,
)
from tests.unit.lambdas.approval_table import emulated

_ID = APPROVAL.approval_id
_RENEWED = replace(
    APPROVAL, task_token=f"{APPROVAL.task_token}-2", requested_at="2026-11-23T14:30:00Z"
)
_TWO = replace(APPROVAL, approvals_required=2)


@pytest.fixture
def table() -> Iterator[ApprovalsTable]:
    with emulated() as table:
        yield table


def test_what_was_asked_is_what_is_read(table: ApprovalsTable) -> None:
    assert table.record(APPROVAL) == APPROVAL

    assert table.get(_ID) == APPROVAL
    assert table.get("another-approval-id") is None


def test_asking_again_renews_the_token_and_keeps_all_else(table: ApprovalsTable) -> None:
    table.record(_TWO)
    voted = table.vote(_ID, vote=vote(ADA), now=NOW)

    renewed = table.record(replace(_RENEWED, approvers=(), expires_at=1))

    assert renewed == replace(voted, task_token=_RENEWED.task_token)
    assert table.get(_ID) == renewed


def test_asking_with_the_same_token_changes_nothing(table: ApprovalsTable) -> None:
    table.record(APPROVAL)

    assert table.record(APPROVAL) == APPROVAL


def test_a_decision_that_was_told_to_an_old_token_is_to_be_told_again(
    table: ApprovalsTable,
) -> None:
    table.record(APPROVAL)
    decided = table.vote(_ID, vote=vote(ADA), now=NOW)
    table.mark_told(decided, told_at=VOTED_AT)

    renewed = table.record(_RENEWED)

    assert renewed == replace(decided, task_token=_RENEWED.task_token)
    assert renewed.workflow_told_at is None


@pytest.mark.parametrize("status", ["EXPIRED", "CANCELLED"])
def test_a_run_that_was_started_again_asks_anew(
    table: ApprovalsTable, status: Literal["EXPIRED", "CANCELLED"]
) -> None:
    table.record(_TWO)
    table.vote(_ID, vote=vote(ADA), now=NOW)
    table.settle(_ID, status=status, settled_at=VOTED_AT)

    anew = table.record(_RENEWED)

    # Then nobody has voted, and the votes of before are kept beside it
    assert anew == table.get(_ID)
    assert replace(anew, earlier=()) == _RENEWED
    (end,) = anew.earlier
    assert (end["status"], end["settledAt"]) == (status, VOTED_AT)
    assert [(one["approver"], one["sourceIp"]) for one in end["votes"]] == [(ADA, "203.0.113.7")]
    # And so they are if that comes to nothing again
    table.settle(_ID, status=status, settled_at=VOTED_AT)
    third = replace(_RENEWED, task_token="token-3")  # noqa: S106 - no password
    assert len(table.record(third).earlier) == 2


def test_one_approval_decides_where_one_is_needed(table: ApprovalsTable) -> None:
    table.record(APPROVAL)

    decided = table.vote(_ID, vote=vote(ADA, reason="Fine"), now=NOW)

    assert (decided.status, decided.settled_at) == ("APPROVED", VOTED_AT)
    assert decided.votes == (vote(ADA, reason="Fine"),)
    assert table.get(_ID) == decided


def test_a_quorum_takes_distinct_people_in_their_order(table: ApprovalsTable) -> None:
    table.record(_TWO)

    first = table.vote(_ID, vote=vote(LIN), now=NOW)
    with pytest.raises(VoteRefusedError):
        table.vote(_ID, vote=vote(LIN), now=NOW)
    second = table.vote(_ID, vote=vote(ADA), now=NOW)

    assert (first.status, first.approvals_missing) == ("PENDING", 1)
    assert second.status == "APPROVED"
    assert [one.approver for one in second.votes] == [LIN, ADA]


def test_one_rejection_rejects_whatever_came_before(table: ApprovalsTable) -> None:
    table.record(replace(APPROVAL, approvals_required=3))
    table.vote(_ID, vote=vote(ADA), now=NOW)

    rejected = table.vote(_ID, vote=vote(GRACE, "rejected", reason="No"), now=NOW)

    assert rejected.status == "REJECTED"
    assert rejected.deciding_votes == (vote(GRACE, "rejected", reason="No"),)


@pytest.mark.parametrize("verdict", ["approved", "rejected"])
def test_a_decision_is_made_once(table: ApprovalsTable, verdict: Verdict) -> None:
    table.record(APPROVAL)
    first = table.vote(_ID, vote=vote(ADA), now=NOW)

    with pytest.raises(VoteRefusedError):
        table.vote(_ID, vote=vote(GRACE, verdict), now=NOW)

    assert table.get(_ID) == first


@pytest.mark.parametrize(("seconds_left", "taken"), [(1, True), (0, False), (-1, False)])
def test_nothing_is_decided_after_expiry(
    table: ApprovalsTable, seconds_left: int, taken: bool
) -> None:
    table.record(APPROVAL)
    now = APPROVAL.expires_at - seconds_left

    if taken:
        table.vote(_ID, vote=vote(ADA), now=now)
    else:
        with pytest.raises(VoteRefusedError):
            table.vote(_ID, vote=vote(ADA), now=now)

    approval = table.get(_ID)
    assert approval is not None
    assert bool(approval.votes) == taken


def test_voting_on_an_unknown_approval_makes_no_item(table: ApprovalsTable) -> None:
    with pytest.raises(VoteRefusedError):
        table.vote(_ID, vote=vote(ADA), now=NOW)

    assert table.get(_ID) is None


def test_a_vote_that_came_in_between_counts_and_is_not_overwritten(
    table: ApprovalsTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given Grace, whose vote is written after Lin's was read and before Lin's is written
    table.record(_TWO)
    write, between = ApprovalsTable._write_vote, [vote(GRACE)]

    def write_late(self: ApprovalsTable, voted: Approval, *, now: int) -> Approval | None:
        if between:
            table.vote(_ID, vote=between.pop(), now=NOW)
        return write(self, voted, now=now)

    monkeypatch.setattr(ApprovalsTable, "_write_vote", write_late)

    decided = table.vote(_ID, vote=vote(LIN), now=NOW)

    assert decided.status == "APPROVED"
    assert [one.approver for one in decided.votes] == [GRACE, LIN]


@pytest.mark.parametrize("status", ["EXPIRED", "CANCELLED", "SUPERSEDED"])
def test_a_pending_approval_ends_once(table: ApprovalsTable, status: Any) -> None:  # noqa: ANN401 - a status
    table.record(APPROVAL)

    first = table.settle(_ID, status=status, settled_at=VOTED_AT, superseded_by="commit 5e6f7a8b")
    second = table.settle(_ID, status="EXPIRED", settled_at="2026-11-30T00:00:00Z")

    assert (first, second) == (True, False)
    assert table.get(_ID) == replace(
        APPROVAL, status=status, settled_at=VOTED_AT, superseded_by="commit 5e6f7a8b"
    )
    with pytest.raises(VoteRefusedError):
        table.vote(_ID, vote=vote(ADA), now=NOW)


def test_ending_what_is_decided_or_unknown_changes_nothing(table: ApprovalsTable) -> None:
    assert not table.settle(_ID, status="EXPIRED", settled_at=VOTED_AT)
    assert table.get(_ID) is None
    table.record(APPROVAL)
    decided = table.vote(_ID, vote=vote(ADA), now=NOW)

    assert not table.settle(_ID, status="EXPIRED", settled_at=VOTED_AT)
    assert table.get(_ID) == decided


def test_told_is_noted_for_the_token_that_was_told(table: ApprovalsTable) -> None:
    table.record(APPROVAL)
    decided = table.vote(_ID, vote=vote(ADA), now=NOW)

    table.mark_told(_RENEWED, told_at=VOTED_AT)
    assert table.get(_ID) == decided
    table.mark_told(decided, told_at=VOTED_AT)
    assert table.get(_ID) == replace(decided, workflow_told_at=VOTED_AT)


@pytest.mark.parametrize(
    ("status", "votes", "expected"),
    [
        ("APPROVED", (vote(ADA, reason="Good"), vote(GRACE), vote(LIN, reason="Yes")),
         ("approved", f"{ADA}, {GRACE}, {LIN}", "Good; Yes")),
        ("REJECTED", (vote(ADA, reason="Good"), vote(GRACE, "rejected", reason="Bad")),
         ("rejected", GRACE, "Bad")),
        ("SUPERSEDED", (vote(ADA, reason="Good"),),
         ("superseded", "", "A newer release, commit 5e6f7a8b, takes its place")),
        ("EXPIRED", (vote(ADA, reason="Good"),), ("expired", "", "")),
        ("CANCELLED", (), ("expired", "", "")),
    ],
)  # fmt: skip
def test_the_workflow_gets_who_decided_what_and_why(
    status: Status, votes: tuple[Vote, ...], expected: tuple[str, str, str]
) -> None:
    approval = replace(
        APPROVAL, status=status, votes=votes, settled_at=VOTED_AT, superseded_by="commit 5e6f7a8b"
    )

    decision = approval.decision()

    assert (decision["decision"], decision["decidedBy"], decision["reason"]) == expected
    assert decision["decidedAt"] == VOTED_AT
    assert decision["votes"] == [
        {"approver": v.approver, "verdict": v.verdict, "reason": v.reason, "votedAt": v.voted_at}
        for v in votes
    ]


def test_a_pending_approval_is_no_decision() -> None:
    with pytest.raises(ValueError, match="Nothing is decided"):
        APPROVAL.decision()


@pytest.mark.parametrize("required", [1, 2, 3])
def test_the_fake_of_other_tests_behaves_as_the_table(table: ApprovalsTable, required: int) -> None:
    asked = replace(APPROVAL, approvals_required=required)
    table.record(asked)
    fake = FakeApprovals({_ID: asked})
    votes = [vote(ADA), vote(ADA, "rejected"), vote(GRACE), vote(LIN, "rejected")]

    for one in votes:
        outcomes = []
        for approvals in (table, fake):
            try:
                approvals.vote(_ID, vote=one, now=NOW)
                outcomes.append("taken")
            except VoteRefusedError:
                outcomes.append("refused")
        assert outcomes[0] == outcomes[1]
        assert table.get(_ID) == fake.get(_ID)
