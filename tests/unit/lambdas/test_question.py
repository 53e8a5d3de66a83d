"""The mail with the question: what a person needs, in plain text."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from ask_approval.question import write_mail
from shared.approvals import Approval
from shared.evidence import Evidence, LiveModel
from shared.gate import Gate
from shared.mail import MAX_BODY_BYTES, Mail
from shared.subscriptions import Subscription

from tests.unit.lambdas import events
from tests.unit.lambdas.approval_fakes import ADA, APPROVAL

_LINK = "https://api.example/approvals/x?approver=y"


def _mail(approval: Approval = APPROVAL, *, is_reminder: bool = False) -> Mail:
    return write_mail(
        approval, approver=ADA, link=_LINK, unconfirmed=(), others=(), is_reminder=is_reminder
    )


def _live() -> LiveModel:
    assert APPROVAL.evidence.live is not None
    return APPROVAL.evidence.live


def _rows(body: str) -> list[list[str]]:
    return [line.split() for line in body.splitlines()]


def test_mail_has_what_a_person_needs_to_know() -> None:
    mail = _mail()

    for needed in (
        "Tuesday 24 November 2026, 14:30 UTC",
        "nothing is released and the endpoint stays as it is",
        "Of 3 asked, 1 approver must approve; one rejection rejects it.",
        "s3://release-data/predictions/1a2b3c4d-20261122-5f0e9c/",
        APPROVAL.evidence.report_uri,
        APPROVAL.image_uri,
        APPROVAL.evidence.data.version,
        "a mail scanner too",
    ):
        assert needed in mail.body
    assert mail.body.splitlines().count(_LINK) == 1
    assert APPROVAL.task_token not in mail.body


def test_mail_says_when_no_commit_has_started_it() -> None:
    body = _mail(replace(APPROVAL, trigger="data")).body

    assert ["Started", "by:", "new", "training", "data"] in _rows(body)
    assert "Started by" not in _mail().body


def test_figures_stand_beside_those_of_the_live_model() -> None:
    rows = _rows(_mail().body)

    assert ["New", "Live", "(0f9e8d7c)"] in rows
    assert ["Accuracy", "96.7", "%", "93.3", "%"] in rows
    assert ["Class", "Precision", "Recall", "F1", "Rows"] in rows
    assert ["versicolor", "100.0", "%", "90.0", "%", "94.7", "%", "10"] in rows
    assert ["Worst", "recall", "90.0", "%", "90.0", "%"] in rows
    assert "Live is version 6, commit 0f9e8d7c, measured on the same held-out data." in _mail().body


@pytest.mark.parametrize(
    ("accuracy", "verdict"),
    [(0.99, "worse than live"), (0.9667, "as good as live"), (0.5, "better than live")],
)
def test_the_subject_says_how_it_compares(accuracy: float, verdict: str) -> None:
    live = replace(_live(), metrics={**_live().metrics, "accuracy": accuracy})
    mail = _mail(replace(APPROVAL, evidence=replace(APPROVAL.evidence, live=live)))

    assert mail.subject == f"iris 1a2b3c4d: {verdict}, approve?"
    assert verdict.upper() in mail.body


def test_a_regression_is_compared_by_its_error() -> None:
    evidence = Evidence.from_json(events.load("evidence_regression"))

    mail = _mail(replace(APPROVAL, evidence=evidence))

    assert mail.subject == "iris 1a2b3c4d: better than live, approve?"
    assert ["RMSE", "0.174", "0.2012"] in _rows(mail.body)
    assert ["R²", "0.9384", "0.9154"] in _rows(mail.body)
    assert "measured again on the data of today" in mail.body
    assert "Class " not in mail.body


def test_the_registered_version_is_named() -> None:
    for is_reminder in (False, True):
        body = _mail(is_reminder=is_reminder).body
        assert "A new iris model, version 7," in body or "a new iris model, version 7," in body
        assert f"Version:     7, {APPROVAL.model_package_arn}" in body


def test_every_check_of_the_gate_is_told() -> None:
    body = _mail().body

    assert "QUALITY GATE: PASSED" in body
    assert "It passed all 3 checks." in body
    for check in APPROVAL.evidence.gate.checks:
        assert f"passed  {check.text}" in body.splitlines()


def test_a_gate_without_checks_says_so() -> None:
    gate = Gate(passed=True, checks=(), summary="There was no limit to check.")

    body = _mail(replace(APPROVAL, evidence=replace(APPROVAL.evidence, gate=gate))).body

    assert body.count("There was no limit to check.") == 1


def test_a_first_release_is_compared_with_nothing() -> None:
    mail = _mail(replace(APPROVAL, evidence=replace(APPROVAL.evidence, live=None)))

    assert mail.subject == "iris 1a2b3c4d: first release, approve?"
    assert "No model is live yet" in mail.body


def test_a_live_model_that_could_not_be_read_is_said_to_be_there() -> None:
    evidence = replace(APPROVAL.evidence, live=None, live_problem="Its report is gone.")

    mail = _mail(replace(APPROVAL, evidence=evidence))

    assert "A model is live, and could not be compared: Its report is gone." in mail.body
    assert "first release" not in mail.subject


def test_mail_without_class_scores_names_the_report() -> None:
    evaluation = replace(APPROVAL.evidence.evaluation, classes=None, confusion_matrix=None)
    evidence = replace(APPROVAL.evidence, evaluation=evaluation)

    assert "too many classes" in _mail(replace(APPROVAL, evidence=evidence)).body


@pytest.mark.parametrize("sign", ["://", ":\x00//", ":/\u202e/"])
def test_no_foreign_text_becomes_a_link(sign: str) -> None:
    # Given an address in everything that the model, its data and a commit bring along
    evil = f"https{sign}evil.example/approve"
    evaluation = APPROVAL.evidence.evaluation
    assert evaluation.classes is not None
    classes = tuple(replace(score, label=evil) for score in evaluation.classes)
    approval = replace(
        APPROVAL,
        model_name=evil,
        committer=evil,
        evidence=replace(
            APPROVAL.evidence,
            evaluation=replace(evaluation, classes=classes),
            live=None,
            live_problem=evil,
            gate=Gate(passed=True, checks=(), summary=evil),
        ),
    )
    other = Subscription(protocol="application", endpoint=evil, arn="arn:aws:sns:x")

    mails = [
        write_mail(
            approval,
            approver=ADA,
            link=_LINK,
            unconfirmed=(),
            others=[other],
            is_reminder=is_reminder,
        )
        for is_reminder in (False, True)
    ]

    for mail in mails:
        # The text is still there to read; the only address is the approver's own.
        assert mail.body.count("https: //evil.example/approve") == len(classes) + 6
        assert re.findall(r"https?://\S+", f"{mail.subject}\n{mail.body}") == [_LINK]


def test_no_commit_of_a_live_model_becomes_a_link() -> None:
    live = replace(_live(), commit_id="a://evil.example/approve")

    mail = _mail(replace(APPROVAL, evidence=replace(APPROVAL.evidence, live=live)))

    assert "a: //evil.example/approve" in mail.body
    assert "://evil" not in mail.body


def test_text_cannot_turn_the_direction_of_what_follows() -> None:
    controls = "".join(
        map(chr, [0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])
    )

    body = _mail(replace(APPROVAL, committer=f"a{controls}b@example.com")).body

    assert not set(controls) & set(body)
    assert "ab@example.com" in body


def test_letters_written_from_right_to_left_stay() -> None:
    assert "مرحبا שלום" in _mail(replace(APPROVAL, committer="مرحبا שלום")).body


def test_long_names_still_make_a_mail() -> None:
    long = replace(APPROVAL, model_name="ü\n" * 200, approvers=(f"{'a' * 250}@x.example",) * 2000)

    mail = _mail(long, is_reminder=True)

    assert len(mail.subject) < 100
    assert mail.subject.isascii()
    assert len(mail.body.encode()) <= MAX_BODY_BYTES
