"""`python -m operate decisions`."""

from __future__ import annotations

import json
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError

from operate import __main__ as operate
from tests.unit.operate.conftest import STACK, Account, Approvals, Command

_SESSION = boto3.session.Session  # the real one
_ADA = ("ada@example.com", "approved", "Good on all", "2026-11-01T09:00:00+00:00")
_GRACE = ("grace@example.com", "approved", "", "2026-11-01T10:00:00.250000+00:00")
_NO = ("grace@example.com", "rejected", "Too weak on setosa", "2026-11-02T10:00:00+00:00")


def _fill(approvals: Approvals) -> None:
    approvals.put(
        approvalId="1" * 32,
        status="APPROVED",
        settledAt="2026-11-01T10:00:00.250000+00:00",
        votes=[_ADA, _GRACE],
    )
    approvals.put(
        approvalId="2" * 32, status="REJECTED", settledAt=_NO[3], commitId="22222222", votes=[_NO]
    )
    approvals.put(
        approvalId="3" * 32,
        status="SUPERSEDED",
        settledAt="2026-11-01T08:30:00+00:00",
        supersededBy="commit 4d4d4d4d",
        commitId="33333333",
        votes=[_ADA],
    )
    approvals.put(approvalId="4" * 32, commitId="44444444", requestedAt="2026-11-03T00:00:00+00:00")
    approvals.put_waiting()


def test_people_read_who_decided_what_newest_first(approvals: Approvals, command: Command) -> None:
    # Given a pending, a rejected, an approved and a superseded release
    _fill(approvals)
    # When a person lists them
    code, text, _ = command.run("decisions")
    # Then each is told with its votes
    assert code == 0
    assert text.split("\n\n")[:3] == [
        "2026-11-03 00:00:00 UTC  grapes  commit 44444444  waits for a decision\n"
        "  run arn:aws:states:eu-west-1:1:execution:grapes-release:one",
        "2026-11-02 10:00:00 UTC  grapes  commit 22222222  rejected by grace@example.com\n"
        "  run arn:aws:states:eu-west-1:1:execution:grapes-release:one\n"
        "  grace@example.com rejected 2026-11-02 10:00:00 UTC from 203.0.113.7: "
        "Too weak on setosa",
        "2026-11-01 10:00:00 UTC  grapes  commit 1a2b3c4d  approved by ada@example.com, "
        "grace@example.com\n"
        "  run arn:aws:states:eu-west-1:1:execution:grapes-release:one\n"
        "  ada@example.com approved 2026-11-01 09:00:00 UTC from 203.0.113.7: Good on all\n"
        "  grace@example.com approved 2026-11-01 10:00:00 UTC from 203.0.113.7, no reason given",
    ]
    assert "commit 33333333  superseded by commit 4d4d4d4d" in text.split("\n\n")[3]
    assert "secret" not in text


def test_a_release_that_waits_for_more_approvals_says_how_many_it_has(
    approvals: Approvals, command: Command
) -> None:
    approvals.put(approvalId="1" * 32, approvalsRequired=2, votes=[_ADA])

    _, text, _ = command.run("decisions")
    _, listed, _ = command.run("decisions", "--json")

    assert "waits for a decision, 1 of 2 approved\n" in text
    assert json.loads(listed)[0]["approvalsRequired"] == 2


def test_programs_read_the_same_as_json(approvals: Approvals, command: Command) -> None:
    _fill(approvals)
    code, text, _ = command.run("decisions", "--json")
    assert code == 0
    listed = json.loads(text)
    assert [item["status"] for item in listed] == ["PENDING", "REJECTED", "APPROVED", "SUPERSEDED"]
    pending, rejected, approved, superseded = listed
    assert (pending["settledAt"], pending["decidedBy"], pending["votes"]) == (None, [], [])
    assert rejected["reason"] == "Too weak on setosa"
    assert approved["decidedBy"] == ["ada@example.com", "grace@example.com"]
    assert approved["reason"] == "Good on all"
    assert approved["votes"][0] == {
        "approver": "ada@example.com",
        "verdict": "approved",
        "reason": "Good on all",
        "votedAt": "2026-11-01T09:00:00+00:00",
        "sourceIp": "203.0.113.7",
    }
    assert (superseded["supersededBy"], superseded["decidedBy"]) == ("commit 4d4d4d4d", [])
    assert "secret" not in text


def test_votes_of_before_a_run_was_started_again_are_listed(
    approvals: Approvals, command: Command
) -> None:
    approvals.put(
        approvalId="1" * 32,
        earlier=[("CANCELLED", "2026-11-01T10:00:00+00:00", [_ADA])],
    )

    _, text, _ = command.run("decisions")
    _, listed, _ = command.run("decisions", "--json")

    assert "  before, until 2026-11-01 10:00:00 UTC: run stopped before a decision" in text
    assert "ada@example.com approved 2026-11-01 09:00:00 UTC" in text.partition("before, until")[2]
    ((end,),) = (item["earlier"] for item in json.loads(listed))
    assert (end["status"], end["votes"][0]["approver"]) == ("CANCELLED", "ada@example.com")


def test_a_table_of_many_pages_is_read_whole(approvals: Approvals, command: Command) -> None:
    reason = "x" * 350_000  # a page of DynamoDB is 1 MB
    for number in range(5):
        vote = ("ada@example.com", "rejected", reason, f"2026-11-0{number + 1}T00:00:00+00:00")
        approvals.put(
            approvalId=f"{number:032x}", status="REJECTED", settledAt=vote[3], votes=[vote]
        )
    code, text, _ = command.run("decisions", "--json")
    assert code == 0
    assert [item["settledAt"][:10] for item in json.loads(text)] == [
        f"2026-11-0{number}" for number in (5, 4, 3, 2, 1)
    ]


def test_what_a_person_typed_cannot_steer_the_terminal(
    approvals: Approvals, command: Command
) -> None:
    typed = "\x1b[2J\r\n2026-01-01  faked line\u202e"
    approvals.put(
        approvalId="1" * 32,
        status="REJECTED",
        settledAt=_NO[3],
        votes=[("ada@example.com", "rejected", typed, _NO[3])],
    )
    _, text, _ = command.run("decisions")
    assert not {"\x1b", "\r", "\u202e"} & set(text)
    assert not any(line.startswith("2026-01-01") for line in text.splitlines())


@pytest.mark.usefixtures("approvals")
def test_an_empty_table_says_so(command: Command) -> None:
    assert command.run("decisions") == (0, "No release has asked for approval yet.\n", "")
    assert json.loads(command.run("decisions", "--json")[1]) == []


@pytest.mark.usefixtures("account")
def test_without_a_deployment_it_says_what_to_do(command: Command) -> None:
    code, text, complaint = command.run("decisions")
    assert (code, text) == (1, "")
    assert f"there is no stack {STACK} in this account and region (eu-west-1)" in complaint
    assert "AWS_PROFILE, AWS_REGION" in complaint


def test_a_table_that_is_gone_is_told(approvals: Approvals, command: Command) -> None:
    approvals.delete_table()
    code, _, complaint = command.run("decisions")
    assert code == 1
    assert f"the table {approvals.name} does not exist any more" in complaint


def test_a_stack_without_the_table_is_told(account: Account, command: Command) -> None:
    account.outputs = {"DataBucket": "data"}
    code, _, complaint = command.run("decisions")
    assert code == 1
    assert "has no output ApprovalsTable" in complaint


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "aws sso login"),
        ({"AWS_PROFILE": "nobody"}, "The config profile (nobody) could not be found"),
        ({"AWS_REGION": "", "AWS_DEFAULT_REGION": ""}, "set AWS_REGION"),
    ],
)
def test_without_credentials_or_region_it_says_what_to_do(
    command: Command, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], said: str
) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name, value in variables.items():
        monkeypatch.setenv(name, value) if value else monkeypatch.delenv(name)
    monkeypatch.setattr(boto3.session, "Session", _SESSION)
    code, text, complaint = command.run("decisions")
    assert (code, text) == (1, "")
    assert said in complaint
    assert "Traceback" not in complaint


@pytest.mark.usefixtures("account")
def test_a_cloud_that_is_not_there_is_told(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise EndpointConnectionError(endpoint_url="https://127.0.0.1:1")

    monkeypatch.setattr(operate, "table_of", unreachable)
    code, _, complaint = command.run("decisions")
    assert code == 1
    assert "Could not connect" in complaint
    assert "`make up` starts the local cloud" in complaint


def test_a_wrong_settings_file_is_told(command: Command, settings: Path) -> None:
    settings.write_text("[model]\n", encoding="utf-8")
    code, _, complaint = command.run("decisions")
    assert code == 1
    assert "model.name" in complaint
