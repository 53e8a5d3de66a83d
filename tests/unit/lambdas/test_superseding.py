"""A newer release supersedes an older pending one, in whatever order they come to ask."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import pytest
from shared.approvals import Approval, approval_id_of
from shared.approvals_table import ApprovalsTable
from shared.superseding import ask

from tests.unit.lambdas.approval_fakes import ADA, APPROVAL, NOW, vote
from tests.unit.lambdas.approval_table import emulated


def _release(number: int) -> Approval:
    arn = f"{APPROVAL.execution_arn[:-1]}{number}"
    return replace(
        APPROVAL,
        approval_id=approval_id_of(arn),
        execution_arn=arn,
        commit_id=f"commit-{number}",
        task_token=f"token-{number}",
        started_at=f"2026-11-22T14:0{number}:00.000Z",
    )


def _again(release: Approval) -> Approval:
    """The same question from a later attempt of the state that asks."""
    return replace(release, task_token=f"{release.task_token}-again")


_1, _2, _3, _4 = (_release(number) for number in (1, 2, 3, 4))


@pytest.fixture
def table() -> Iterator[ApprovalsTable]:
    with emulated() as table:
        yield table


def _standing(table: ApprovalsTable, *releases: Approval) -> list[tuple[str, str | None]]:
    found = [table.get(release.approval_id) for release in releases]
    return [(one.status, one.superseded_by) if one else ("", None) for one in found]


_PENDING = ("PENDING", None)


def test_a_newer_release_supersedes_an_older_pending_one(table: ApprovalsTable) -> None:
    assert ask(table, _1) == _1

    assert ask(table, _2) == _2

    assert _standing(table, _1, _2) == [("SUPERSEDED", "commit commit-2"), _PENDING]


def test_an_older_run_that_asks_later_is_superseded_itself(table: ApprovalsTable) -> None:
    ask(table, _2)

    asked = ask(table, _1)

    assert (asked.status, asked.superseded_by) == ("SUPERSEDED", "commit commit-2")
    assert _standing(table, _2) == [_PENDING]


def test_an_older_run_that_asks_after_a_newer_one_was_approved_is_superseded(
    table: ApprovalsTable,
) -> None:
    ask(table, _2)
    table.vote(_2.approval_id, vote=vote(ADA), now=NOW)

    assert ask(table, _1).status == "SUPERSEDED"


@pytest.mark.parametrize("end", ["REJECTED", "EXPIRED", "CANCELLED"])
def test_an_older_run_asks_when_the_newer_one_came_to_nothing(
    table: ApprovalsTable, end: str
) -> None:
    ask(table, _2)
    if end == "REJECTED":
        table.vote(_2.approval_id, vote=vote(ADA, "rejected", reason="No"), now=NOW)
    elif end == "EXPIRED":
        table.settle(_2.approval_id, status="EXPIRED", settled_at="2026-11-24T14:30:00Z")
    else:
        table.settle(_2.approval_id, status="CANCELLED", settled_at="2026-11-24T14:30:00Z")

    assert ask(table, _1).status == "PENDING"

    # And a third one supersedes it all the same
    ask(table, _3)
    assert _standing(table, _1, _3) == [("SUPERSEDED", "commit commit-3"), _PENDING]


def test_what_is_decided_is_not_superseded(table: ApprovalsTable) -> None:
    ask(table, _1)
    table.vote(_1.approval_id, vote=vote(ADA), now=NOW)

    ask(table, _2)

    assert _standing(table, _1, _2) == [("APPROVED", None), _PENDING]


def test_a_superseded_run_that_asks_again_is_told_under_its_new_token(
    table: ApprovalsTable,
) -> None:
    ask(table, _1)
    ask(table, _2)

    asked = ask(table, _again(_1))

    assert (asked.status, asked.task_token) == ("SUPERSEDED", "token-1-again")
    assert asked.workflow_told_at is None


@pytest.mark.parametrize("order", list(itertools.permutations([_1, _2, _3])))
def test_whatever_the_order_one_is_left_and_it_is_the_newest(
    table: ApprovalsTable, order: tuple[Approval, ...]
) -> None:
    for release in order:
        ask(table, release)

    statuses = [status for status, _ in _standing(table, _1, _2, _3)]
    assert statuses == ["SUPERSEDED", "SUPERSEDED", "PENDING"]


def test_releases_of_the_same_millisecond_have_an_order_too(table: ApprovalsTable) -> None:
    twins = [replace(release, started_at=_1.started_at) for release in (_1, _2)]
    newest = max(twins, key=lambda one: one.approval_id)

    for release in (*twins, *twins):
        ask(table, release)

    left = [table.get(twin.approval_id) for twin in twins]
    assert [one.approval_id for one in left if one and one.status == "PENDING"] == [
        newest.approval_id
    ]


class _CrashError(Exception):
    pass


_STEPS = ["record", "join_waiting", "get", "settle", "leave_waiting"]


@pytest.mark.parametrize("comes_next", [_2, _3], ids=["the same run", "an even newer run"])
@pytest.mark.parametrize("step", _STEPS)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_at_any_step_is_made_good_by_whoever_asks_next(
    table: ApprovalsTable,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    when: str,
    comes_next: Approval,
) -> None:
    # Given an older pending release, and a newer one whose function crashes while it asks
    ask(table, _1)
    original = getattr(ApprovalsTable, step)

    def crash(self: ApprovalsTable, *args: object, **named: object) -> object:
        if when == "after":
            original(self, *args, **named)
        raise _CrashError

    with monkeypatch.context() as patched:
        patched.setattr(ApprovalsTable, step, crash)
        with pytest.raises(_CrashError):
            ask(table, _2)

    # When the workflow tries again, or an even newer release asks first
    ask(table, comes_next)

    # Then the older one is superseded, and the newest of all is left
    assert _standing(table, _1)[0][0] == "SUPERSEDED"
    assert _standing(table, comes_next) == [_PENDING]
    # And the one that crashed finds its place when it is tried again
    expected = "PENDING" if comes_next is _2 else "SUPERSEDED"
    assert ask(table, _again(_2)).status == expected


def test_those_that_wait_are_forgotten_once_they_are_settled(table: ApprovalsTable) -> None:
    for release in (_1, _2, _3):
        ask(table, release)

    assert table.join_waiting(_4.approval_id) == {_3.approval_id, _4.approval_id}


def _of_pipeline(approval: Approval, execution_id: str) -> Approval:
    return replace(approval, pipeline_execution_id=execution_id)


_T1, _T2, _T3 = (f"2026-11-22T09:0{minute}:00.000Z" for minute in (1, 2, 3))


def test_a_release_of_the_pipeline_waits_if_its_commit_is_the_newest(table: ApprovalsTable) -> None:
    table.passed("run-a", at=_T1)
    table.passed("run-b", at=_T2)

    assert ask(table, _of_pipeline(_1, "run-b")).status == "PENDING"


def test_of_three_commits_in_the_queue_only_the_newest_is_asked_about(
    table: ApprovalsTable,
) -> None:
    # Given passes that were all before the first of the runs has begun, one of them told late
    for execution_id, at in (("run-a", _T1), ("run-c", _T3), ("run-b", _T2)):
        table.passed(execution_id, at=at)

    asked = [ask(table, _of_pipeline(_1, "run-a")), ask(table, _of_pipeline(_2, "run-b"))]

    assert {(one.status, one.superseded_by) for one in asked} == {
        ("SUPERSEDED", "pipeline execution run-c")
    }


def test_a_release_by_hand_is_as_new_as_its_start(table: ApprovalsTable) -> None:
    table.passed("run-a", at="2026-11-22T00:00:00.000Z")
    assert ask(table, _1).status == "PENDING"

    table.passed("run-b", at="2099-01-01T00:00:00.000Z")
    assert ask(table, replace(_2, started_at="2098-01-01T00:00:00.000Z")).status == "SUPERSEDED"


def test_a_release_whose_own_pass_is_not_known_gives_way_only_to_a_later_one(
    table: ApprovalsTable,
) -> None:
    table.passed("run-a", at="2020-01-01T00:00:00.000Z")

    assert ask(table, _of_pipeline(_1, "run-lost")).status == "PENDING"


def test_only_the_newest_passes_are_kept(table: ApprovalsTable) -> None:
    for number in range(25):
        table.passed(f"run-{number:02}", at=f"2026-11-22T09:00:{number:02}.000Z")

    item = table.items.get("waiting")

    assert item is not None
    assert sorted(item["passed"])[0].endswith("run-05")
    assert len(item["passed"]) == 20
