"""Outcome mails: a person learns what happened, why, and what to do."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest
from botocore.stub import ANY, Stubber
from hypothesis import given
from hypothesis import strategies as st
from mail_outcome.handler import handle
from mail_outcome.inference import InferenceApi
from mail_outcome.messages import write_mail
from mail_outcome.outcome import UnknownOutcome, read_outcome
from shared import aws
from shared.environment import InvalidEnvironmentError
from shared.mail import Mail

from tests.unit.lambdas import events

_URL = "https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/inference"
_IAM = InferenceApi(url=_URL, access="iam", region="eu-west-1")
_OPEN = InferenceApi(url=_URL, access="open", region="eu-west-1")
_OFF = InferenceApi(url="", access="off", region="eu-west-1")
_TOPIC = "arn:aws:sns:eu-west-1:123456789012:notifications"


def _mail(event: dict[str, Any], *, api: InferenceApi = _IAM) -> Mail:
    return write_mail(read_outcome(event), api=api)


def _command(mail: Mail, program: str) -> list[str]:
    """The command in a mail as a shell would split it."""
    text = mail.body[mail.body.index(f"\n{program} ") :].split("\n\n")[0]
    return shlex.split(text)


def test_failure_says_what_failed_why_and_what_to_do() -> None:
    event = events.load("mail_outcome_failed")

    mail = _mail(event)

    assert mail.subject == "FAILED: iris model 1a2b3c4d at Train the model"
    assert "could not convert 'n/a' to a number" in mail.body
    assert "TrainingJobArn" not in mail.body
    assert "Check the data under train/ and test/" in mail.body
    link = (
        "https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1"
        f"#/v2/executions/details/{event['executionArn']}"
    )
    assert link in mail.body.splitlines()


def test_live_with_iam_gives_a_signed_call() -> None:
    mail = _mail(events.load("mail_outcome_live"))

    command = _command(mail, "curl")
    assert mail.subject == "LIVE: iris model 1a2b3c4d"
    assert _URL in mail.body.splitlines()
    assert command[command.index("--aws-sigv4") + 1] == "aws:amz:eu-west-1:execute-api"
    assert json.loads(command[command.index("-d") + 1]) == {"data": "5.9,3.0,5.1,1.8"}
    assert command[-1] == _URL
    assert "Approved by ada@example.com, grace@example.com on Sunday 22 November" in mail.body
    assert "grace@example.com approved it on Sunday 22 November 2026, 14:30 UTC." in mail.body
    assert "Accuracy 96.7 %" in mail.body


def test_live_and_open_gives_a_plain_call() -> None:
    command = _command(_mail(events.load("mail_outcome_live"), api=_OPEN), "curl")

    assert "--aws-sigv4" not in command
    assert command[-1] == _URL


def test_live_and_off_names_the_endpoint() -> None:
    mail = _mail(events.load("mail_outcome_live"), api=_OFF)

    command = _command(mail, "aws")
    assert command[command.index("--endpoint-name") + 1] == "iris"
    assert command[command.index("--body") + 1] == "5.9,3.0,5.1,1.8"
    assert "execute-api" not in mail.body


@given(row=st.text(alphabet=st.sampled_from("ab'\"$`\\,; é"), min_size=1).filter(str.strip))
def test_sample_row_survives_the_shell(row: str) -> None:
    event = events.load("mail_outcome_live")
    event["evaluation"]["sampleRow"] = row

    command = _command(_mail(event), "curl")

    assert json.loads(command[command.index("-d") + 1]) == {"data": row}


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

    assert "lin@example.com approved it on Sunday 22 November 2026, 14:30 UTC." in _mail(event).body


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


@pytest.mark.parametrize("kind", ["live", "failed", "rejected", "superseded", "approvalTimedOut"])
def test_gaps_never_stop_a_mail(kind: str) -> None:
    assert _mail({"outcome": kind}).body
    assert _mail({"outcome": kind, "decision": {"votes": [5, {"reason": "x"}, {}]}}).body
    odd = {"failure": [], "decision": "yes", "evaluation": {"rows": "many"}, "commitId": 7}
    assert _mail({"outcome": kind, **odd}, api=_OFF).body


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_OPTIONAL = ("modelName", "commitId", "executionArn", "failure", "decision", "evaluation")


@given(
    parts=st.dictionaries(st.sampled_from(_OPTIONAL), _JSON),
    cause=_JSON | st.builds(json.dumps, _JSON),
)
def test_any_failure_can_be_mailed(parts: dict[str, Any], cause: object) -> None:
    failure = {"state": "Train the model", "error": "States.TaskFailed", "cause": cause}

    mail = _mail({"failure": failure, **parts, "outcome": "failed"})

    assert mail.subject.startswith("FAILED: ")
    assert "WHAT TO DO NEXT" in mail.body


@pytest.mark.parametrize("outcome", [None, "", "succeeded", ["failed"]])
def test_unknown_outcome_is_named(outcome: object) -> None:
    with pytest.raises(UnknownOutcome, match="failed, rejected"):
        read_outcome({"outcome": outcome})


def test_deployed_function_publishes(monkeypatch: pytest.MonkeyPatch) -> None:
    events.configure_mail_outcome(monkeypatch, topic_arn=_TOPIC)
    with Stubber(aws.sns()) as sns:
        sns.add_response(
            "publish",
            {"MessageId": "m-1"},
            {"TopicArn": _TOPIC, "Subject": "LIVE: iris model 1a2b3c4d", "Message": ANY},
        )

        assert handle(events.load("mail_outcome_live"), None) == {"messageId": "m-1"}


@pytest.mark.parametrize(
    ("access", "complaint"), [("iam", "INFERENCE_URL"), ("public", "INFERENCE_ACCESS"), ("", "INF")]
)
def test_wrong_environment_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, access: str, complaint: str
) -> None:
    monkeypatch.setenv("NOTIFICATION_TOPIC_ARN", _TOPIC)
    monkeypatch.setenv("INFERENCE_ACCESS", access)

    with pytest.raises(InvalidEnvironmentError, match=complaint):
        handle(events.load("mail_outcome_live"), None)
