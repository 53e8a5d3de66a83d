"""Outcome mails: a person learns what happened, why, and what to do."""

from __future__ import annotations

import json
import shlex
from typing import Any, get_args

import pytest
from botocore.stub import ANY, Stubber
from hypothesis import given
from hypothesis import strategies as st
from mail_outcome.handler import handle
from mail_outcome.inference import InferenceApi
from mail_outcome.messages import write_mail
from mail_outcome.outcome import Kind, UnknownOutcome, read_outcome
from mail_outcome.serving import Standing
from shared import aws
from shared.environment import InvalidEnvironmentError
from shared.mail import Mail

from tests.unit.lambdas import events

_URL = "https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/inference"
_IAM = InferenceApi(url=_URL, access="iam", region="eu-west-1")
_OPEN = InferenceApi(url=_URL, access="open", region="eu-west-1")
_OFF = InferenceApi(url="", access="off", region="eu-west-1")
_NOTHING = Standing()
_VERSION = events.load("mail_outcome_live")["version"]
_TOPIC = "arn:aws:sns:eu-west-1:123456789012:notifications"


def _mail(event: dict[str, Any], *, api: InferenceApi = _IAM) -> Mail:
    return write_mail(read_outcome(event), api=api, standing=_NOTHING)


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
    assert mail.body.count("Good on all classes") == 1
    assert "Accuracy 96.7 %, Macro F1 96.7 %, Worst recall 90.0 % on 30 held-out rows." in mail.body
    assert "is live on endpoint iris, as version 7." in mail.body
    assert f"Version:   7, {_VERSION['modelPackageArn']}" in mail.body


def test_live_by_one_vote_tells_its_reason_once() -> None:
    event = events.load("mail_outcome_live")
    del event["decision"]["votes"][1]

    body = _mail(event).body

    assert body.count("Good on all classes") == 1
    assert "Reason: Good on all classes" in body


def test_a_version_put_back_says_which_why_and_what_comes_next() -> None:
    mail = _mail(events.load("mail_outcome_put_back"))

    assert mail.subject == "PUT BACK: iris model 1a2b3c4d, version 7"
    assert "Version 7 is live again on endpoint iris" in mail.body
    assert "without training it again" in mail.body
    assert "Version 8 answers too slowly" in mail.body
    assert "Revert what\nmust not come back" in mail.body
    assert "Approved by ada@example.com" in mail.body
    assert _URL in mail.body.splitlines()


def test_a_version_put_back_without_a_reason_says_so() -> None:
    body = _mail({**events.load("mail_outcome_put_back"), "reason": ""}).body

    assert "No reason was given." in body


def test_a_regression_is_told_by_its_errors() -> None:
    event = events.load("mail_outcome_live")
    event["evaluation"] = events.load("evidence_regression")["evaluation"]

    assert "RMSE 0.174, MAE 0.1337, R² 0.9384 on 160 held-out rows." in _mail(event).body


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


@pytest.mark.parametrize("kind", get_args(Kind))
def test_gaps_never_stop_a_mail(kind: str) -> None:
    assert _mail({"outcome": kind}).body
    assert _mail({"outcome": kind, "decision": {"votes": [5, {"reason": "x"}, {}]}}).body
    odd = {
        "failure": [],
        "decision": "yes",
        "evaluation": {"rows": "many"},
        "commitId": 7,
        "version": {"number": "seven"},
        "evidence": {"gate": {}},
        "reason": ["x"],
    }
    assert _mail({"outcome": kind, **odd}, api=_OFF).body


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_OPTIONAL = (
    "modelName",
    "commitId",
    "executionArn",
    "endpointName",
    "failure",
    "decision",
    "evaluation",
    "version",
    "evidence",
    "putBack",
    "reason",
)


@given(
    parts=st.dictionaries(st.sampled_from(_OPTIONAL), _JSON),
    cause=_JSON | st.builds(json.dumps, _JSON),
)
def test_any_failure_can_be_mailed(parts: dict[str, Any], cause: object) -> None:
    failure = {"state": "Train the model", "error": "States.TaskFailed", "cause": cause}

    mail = _mail({"failure": failure, **parts, "outcome": "failed"})

    assert mail.subject.startswith("FAILED: ")
    assert "WHAT TO DO NEXT" in mail.body


@given(
    kind=st.sampled_from(get_args(Kind)), parts=st.dictionaries(st.sampled_from(_OPTIONAL), _JSON)
)
def test_any_oddity_can_be_mailed(kind: str, parts: dict[str, Any]) -> None:
    assert _mail({**parts, "outcome": kind}).body


@pytest.mark.parametrize("number", [True, 0, -0.5, 1.5, "7", None, float("inf"), float("nan")])
def test_no_number_is_made_up_for_a_version(number: object) -> None:
    event = {**events.load("mail_outcome_live"), "version": {**_VERSION, "number": number}}

    assert f"Version:   unknown, {_VERSION['modelPackageArn']}" in _mail(event).body


@pytest.mark.parametrize("outcome", [None, "", "succeeded", ["failed"]])
def test_unknown_outcome_is_named(outcome: object) -> None:
    with pytest.raises(UnknownOutcome, match="failed, gateFailed, rejected"):
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
