"""Mails for releases that ended without a new model, and without a failure."""

from __future__ import annotations

from typing import Any

import pytest
from mail_outcome.inference import InferenceApi
from mail_outcome.messages import write_mail
from mail_outcome.outcome import read_outcome
from mail_outcome.serving import Standing
from shared.mail import Mail

from tests.unit.lambdas import events

_API = InferenceApi(url="", access="off", region="eu-west-1")
_VERSION = events.load("mail_outcome_gate_failed")["version"]


def _mail(event: dict[str, Any]) -> Mail:
    return write_mail(read_outcome(event), api=_API, standing=Standing())


def test_rejection_says_who_why_and_when() -> None:
    mail = _mail(events.load("mail_outcome_rejected"))

    assert mail.subject == "REJECTED: iris model 1a2b3c4d"
    assert "rejected by ada@example.com on Sunday 22 November 2026, 14:30 UTC" in mail.body
    assert mail.body.count("Confuses versicolor and virginica") == 1


def test_a_rejection_after_approvals_shows_all_votes() -> None:
    event = events.load("mail_outcome_rejected")
    rejected = event["decision"]["votes"][0]
    approved = {**rejected, "approver": "lin@example.com", "verdict": "approved", "reason": ""}
    event["decision"]["votes"].insert(0, approved)

    body = _mail(event).body

    assert "lin@example.com approved it on Sunday 22 November 2026, 14:30 UTC." in body
    assert body.count("Confuses versicolor and virginica") == 1


def test_a_superseded_release_names_the_newer_one_and_what_to_do() -> None:
    mail = _mail(events.load("mail_outcome_superseded"))

    assert mail.subject == "SUPERSEDED: iris model 1a2b3c4d"
    assert "a newer release, commit 5e6f7a8b, takes its place." in mail.body
    assert "You are asked about the newer release" in mail.body


def test_too_few_approvals_are_not_silence() -> None:
    event = events.load("mail_outcome_approval_timed_out")
    event["decision"]["votes"] = events.load("mail_outcome_live")["decision"]["votes"][:1]

    mail = _mail(event)

    assert mail.subject == "NOT RELEASED: iris model 1a2b3c4d, too few approved"
    assert "Too few people approved" in mail.body
    assert "ada@example.com approved it on Sunday" in mail.body


def test_silence_says_how_to_release_again() -> None:
    mail = _mail(events.load("mail_outcome_approval_timed_out"))

    assert mail.subject == "NOT RELEASED: iris model 1a2b3c4d, nobody answered"
    assert "Release it again" in mail.body


def test_a_model_that_the_gate_stopped_is_told_with_its_numbers() -> None:
    event = events.load("mail_outcome_gate_failed")

    mail = _mail(event)

    assert mail.subject == "NOT RELEASED: iris model 1a2b3c4d, not good enough"
    assert "Nobody was asked" in mail.body
    assert "3 of 3 checks failed." in mail.body
    for check in event["evidence"]["gate"]["checks"]:
        assert mail.body.count(check["text"]) == 1
    assert "FAILED  Worst recall is 30.0 %, but must be at least 50.0 %." in mail.body
    rows = [line.split() for line in mail.body.splitlines()]
    assert ["Accuracy", "56.7", "%", "93.3", "%"] in rows
    assert "WORSE THAN LIVE" in mail.body
    assert "Live is version 6, commit 0f9e8d7c" in mail.body
    assert "[gate] in settings.toml" in mail.body
    assert f"Version:   7, {_VERSION['modelPackageArn']}" in mail.body


@pytest.mark.parametrize(
    "outcome",
    ["live", "rejected", "superseded", "approval_timed_out", "put_back"],
)
def test_metrics_stand_under_a_heading_of_their_own(outcome: str) -> None:
    body = _mail(events.load(f"mail_outcome_{outcome}")).body

    blocks = body.split("\n\n")
    [place] = [i for i, block in enumerate(blocks) if block.startswith("Accuracy 96.7 %")]
    assert blocks[place - 1].strip().startswith("HOW GOOD IT ")
