"""The table of approvals against a DynamoDB emulator: its conditions are what must hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import boto3
import pytest
from moto import mock_aws
from shared.approvals import AlreadyDecided, ApprovalsTable

from tests.unit.lambdas.approval_fakes import APPROVAL, APPROVED, NOW

_ID = APPROVAL.approval_id
_RENEWED = "the-token-of-the-second-attempt"


@pytest.fixture
def table() -> Iterator[ApprovalsTable]:
    with mock_aws():
        client = boto3.client("dynamodb")
        client.create_table(
            TableName="approvals",
            KeySchema=[{"AttributeName": "approvalId", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "approvalId", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield ApprovalsTable(client=client, name="approvals")


def test_what_was_asked_is_what_is_read(table: ApprovalsTable) -> None:
    table.ask(APPROVAL)

    assert table.get(_ID) == APPROVAL
    assert table.get("another-approval-id") is None


def test_asking_again_renews_the_token_while_pending(table: ApprovalsTable) -> None:
    table.ask(APPROVAL)
    renewed = replace(APPROVAL, task_token=_RENEWED, expires_at=APPROVAL.expires_at + 5)

    table.ask(renewed)

    assert table.get(_ID) == renewed


def test_asking_again_after_the_decision_changes_nothing(table: ApprovalsTable) -> None:
    table.ask(APPROVAL)
    decided = table.decide(_ID, decision=APPROVED, now=NOW)

    with pytest.raises(AlreadyDecided, match="1a2b3c4d"):
        table.ask(replace(APPROVAL, task_token=_RENEWED))

    assert table.get(_ID) == decided


def test_deciding_returns_the_latest_token_with_the_decision(table: ApprovalsTable) -> None:
    table.ask(APPROVAL)
    table.ask(replace(APPROVAL, task_token=_RENEWED))

    decided = table.decide(_ID, decision=APPROVED, now=NOW)

    assert decided == replace(APPROVAL, task_token=_RENEWED, decision=APPROVED)
    assert table.get(_ID) == decided


def test_a_decision_is_made_once(table: ApprovalsTable) -> None:
    table.ask(APPROVAL)
    first = table.decide(_ID, decision=APPROVED, now=NOW)

    with pytest.raises(AlreadyDecided):
        table.decide(_ID, decision=replace(APPROVED, verdict="rejected"), now=NOW)

    assert table.get(_ID) == first


@pytest.mark.parametrize(("seconds_left", "decided"), [(1, True), (0, False), (-1, False)])
def test_nothing_is_decided_after_expiry(
    table: ApprovalsTable, seconds_left: int, decided: bool
) -> None:
    table.ask(APPROVAL)
    now = APPROVAL.expires_at - seconds_left

    if decided:
        table.decide(_ID, decision=APPROVED, now=now)
    else:
        with pytest.raises(AlreadyDecided):
            table.decide(_ID, decision=APPROVED, now=now)

    assert table.get(_ID) == replace(APPROVAL, decision=APPROVED if decided else None)


def test_deciding_an_unknown_approval_makes_no_item(table: ApprovalsTable) -> None:
    with pytest.raises(AlreadyDecided):
        table.decide(_ID, decision=APPROVED, now=NOW)

    assert table.get(_ID) is None


def test_told_is_noted(table: ApprovalsTable) -> None:
    table.ask(APPROVAL)
    table.decide(_ID, decision=APPROVED, now=NOW)

    table.mark_told(_ID, told_at="2026-11-22T14:32:00Z")

    assert table.get(_ID) == replace(
        APPROVAL, decision=APPROVED, workflow_told_at="2026-11-22T14:32:00Z"
    )
