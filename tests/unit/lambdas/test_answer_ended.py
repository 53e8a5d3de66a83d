"""The page of an approval that is over, or changes under somebody's hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from shared.approvals import Approval, Vote
from shared.approvals_table import VoteRefusedError
from shared.http import HttpResponse

from tests.unit.lambdas.approval_fakes import (
    ADA,
    APPROVAL,
    GRACE,
    Api,
    FakeApprovals,
    ended,
    vote,
)

_TWO = replace(APPROVAL, approvals_required=2)


@pytest.mark.parametrize(
    ("approval", "status", "words"),
    [
        (
            ended("SUPERSEDED", superseded_by="commit 5e6f7a8b"),
            200,
            "A newer release, commit 5e6f7a8b",
        ),
        (ended("CANCELLED"), 200, "The run that asked for this approval ended"),
        (ended("EXPIRED"), 410, "The time to decide is over"),
    ],
)
def test_an_approval_that_ended_without_people_says_how(
    approval: Approval, status: int, words: str
) -> None:
    page = Api(approval).get()

    assert page.status == status
    assert words in page.body
    assert "<form" not in page.body


@pytest.mark.parametrize(
    ("approval", "status"),
    [
        (ended("SUPERSEDED", superseded_by="commit 5e6f7a8b"), 409),
        (ended("CANCELLED"), 410),
        (ended("EXPIRED"), 410),
        (replace(APPROVAL, expires_at=1), 410),
    ],
)
def test_an_approval_that_ended_takes_no_vote(approval: Approval, status: int) -> None:
    api = Api(approval)

    assert api.post().status == status
    assert api.recorded == approval


_Race = Callable[[FakeApprovals], None]


def _grace_rejects(approvals: FakeApprovals) -> None:
    item = approvals.items[APPROVAL.approval_id]
    approvals.items[APPROVAL.approval_id] = item.with_vote(vote(GRACE, "rejected", reason="No"))


def _ada_clicked_before(approvals: FakeApprovals) -> None:
    item = approvals.items[APPROVAL.approval_id]
    approvals.items[APPROVAL.approval_id] = item.with_vote(vote(ADA))


def _time_is_over(approvals: FakeApprovals) -> None:
    approvals.items[APPROVAL.approval_id] = ended("EXPIRED")


def _it_is_gone(approvals: FakeApprovals) -> None:
    approvals.items.clear()


def _it_opened_again(_approvals: FakeApprovals) -> None:
    pass


@pytest.mark.parametrize(
    ("race", "status", "words"),
    [
        (_grace_rejects, 409, f"{GRACE} rejected this model"),
        (_ada_clicked_before, 409, "You have already approved"),
        (_time_is_over, 410, "The time to decide is over"),
        (_it_is_gone, 409, "Open the link again"),
        (_it_opened_again, 409, "Open the link again"),
    ],
)
def test_whoever_was_slower_sees_what_happened(race: _Race, status: int, words: str) -> None:
    # Given somebody who is faster, between the reading and the writing of a vote
    class Raced(FakeApprovals):
        def vote(self, approval_id: str, *, vote: Vote, now: int) -> Approval:
            race(self)
            raise VoteRefusedError(f"{approval_id} {vote.approver} {now}")

    api = Api()
    api.approvals = Raced({APPROVAL.approval_id: _TWO})

    response: HttpResponse = api.post(ADA)

    assert response.status == status
    assert words in response.body


def test_a_vote_whose_first_answer_was_lost_is_taken_as_what_it_is() -> None:
    # Given a write that worked, but whose answer was lost: the SDK's second try meets the first
    class Lost(FakeApprovals):
        def vote(self, approval_id: str, *, vote: Vote, now: int) -> Approval:
            super().vote(approval_id, vote=vote, now=now)
            raise VoteRefusedError

    api = Api()
    api.approvals = Lost(api.approvals.items)

    response: HttpResponse = api.post(ADA)

    assert response.status == 200
    assert "Already" not in response.body
