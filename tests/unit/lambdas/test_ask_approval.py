"""Asking for approval: recorded first, mailed second, and the token stays inside."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from ask_approval.handler import handle
from ask_approval.request import read_approval, write_mail
from moto import mock_aws
from moto.sns.models import sns_backends
from shared.approvals import AlreadyDecided, ApprovalsTable
from shared.environment import InvalidEnvironmentError
from shared.fields import InvalidEventError

from tests.unit.lambdas import events
from tests.unit.lambdas.approval_fakes import APPROVAL, APPROVED, ASKED_AT, NOW

_EVENT = events.load("ask_approval")
_ACCOUNT = "123456789012"
_RENEWED = "the-token-of-the-second-attempt"


@pytest.fixture
def topic_arn(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with mock_aws():
        arn = boto3.client("sns").create_topic(Name="approvals")["TopicArn"]
        boto3.client("dynamodb").create_table(
            TableName="approvals",
            KeySchema=[{"AttributeName": "approvalId", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "approvalId", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        monkeypatch.setenv("APPROVALS_TABLE", "approvals")
        monkeypatch.setenv("APPROVAL_TOPIC_ARN", arn)
        monkeypatch.setenv("API_URL", "https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/")
        yield arn


def _mails(topic_arn: str) -> list[tuple[str | None, str]]:
    """Subject and body of everything published."""
    topic = sns_backends[_ACCOUNT]["eu-west-1"].topics[topic_arn]
    return [(sent[2], sent[1]) for sent in topic.sent_notifications]


def _table() -> ApprovalsTable:
    return ApprovalsTable(client=boto3.client("dynamodb"), name="approvals")


def test_records_and_mails(topic_arn: str, capsys: pytest.CaptureFixture[str]) -> None:
    answer = handle(_EVENT, None)

    recorded = _table().get(_EVENT["approvalId"])
    assert recorded is not None
    assert recorded.task_token == _EVENT["taskToken"]
    [(subject, body)] = _mails(topic_arn)
    assert subject == "Approve iris model 1a2b3c4d? accuracy 96.7 %"
    assert _EVENT["taskToken"] not in f"{subject}{body}"
    log = json.loads(capsys.readouterr().out)
    assert log["messageId"] == answer["messageId"]
    assert _EVENT["taskToken"] not in str(log)
    assert _EVENT["approvalId"] not in str(log)


def test_retry_of_the_step_renews_the_token(topic_arn: str) -> None:
    handle(_EVENT, None)
    handle({**_EVENT, "taskToken": _RENEWED}, None)

    recorded = _table().get(_EVENT["approvalId"])
    assert recorded is not None
    assert recorded.task_token == _RENEWED
    assert len(_mails(topic_arn)) == 2


def test_nothing_is_mailed_after_a_decision(topic_arn: str) -> None:
    handle(_EVENT, None)
    _table().decide(_EVENT["approvalId"], decision=APPROVED, now=NOW)

    with pytest.raises(AlreadyDecided):
        handle({**_EVENT, "taskToken": _RENEWED}, None)

    assert len(_mails(topic_arn)) == 1


@pytest.mark.parametrize("name", ["APPROVALS_TABLE", "APPROVAL_TOPIC_ARN", "API_URL"])
@pytest.mark.usefixtures("topic_arn")
def test_missing_variable_names_itself(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(name)

    with pytest.raises(InvalidEnvironmentError, match=name):
        handle(_EVENT, None)


@pytest.mark.parametrize("slash", ["", "/"])
def test_link_stands_on_its_own_line(slash: str) -> None:
    mail = write_mail(APPROVAL, api_url=f"https://api.example/prod{slash}")

    link = f"https://api.example/prod/approvals/{APPROVAL.approval_id}"
    assert mail.body.splitlines().count(link) == 1


def test_mail_has_what_a_person_needs_to_know() -> None:
    body = write_mail(APPROVAL, api_url="https://api.example").body

    for needed in (
        "Tuesday 24 November 2026, 14:30 UTC",
        "If nobody does, nothing is released",
        f"s3://release-data/{_EVENT['predictionsPrefix']}",
        f"s3://release-data/{_EVENT['evaluation']['reportKey']}",
        _EVENT["imageUri"],
        "96.7 %",
    ):
        assert needed in body
    table = [line.split() for line in body.splitlines()]
    assert ["Class", "Precision", "Recall", "F1", "Rows"] in table
    assert ["versicolor", "100.0", "%", "90.0", "%", "94.7", "%", "10"] in table


def test_mail_without_class_scores_names_the_report() -> None:
    evaluation = {**_EVENT["evaluation"], "classes": None, "confusionMatrix": None}
    approval = read_approval({**_EVENT, "evaluation": evaluation}, now=ASKED_AT)

    assert "too many classes" in write_mail(approval, api_url="https://api.example").body


@pytest.mark.parametrize("field", [name for name in _EVENT if name != "evaluation"])
@pytest.mark.parametrize("value", [None, "", [], {}])
def test_wrong_field_names_itself(field: str, value: Any) -> None:  # noqa: ANN401 - any JSON
    with pytest.raises(InvalidEventError, match=field) as raised:
        read_approval({**_EVENT, field: value}, now=ASKED_AT)
    assert _EVENT["taskToken"] not in str(raised.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("accuracy", "high"),
        ("rows", 1.5),
        ("classes", "none"),
        ("classes", [{"label": "a"}]),
        ("confusionMatrix", {"labels": ["a"], "counts": [[1, 2]]}),
        ("confusionMatrix", {"labels": ["a"], "counts": [["x"]]}),
        ("confusionMatrix", [1]),
    ],
)
def test_wrong_evaluation_is_refused(field: str, value: Any) -> None:  # noqa: ANN401 - any JSON
    evaluation = {**_EVENT["evaluation"], field: value}

    with pytest.raises(InvalidEventError):
        read_approval({**_EVENT, "evaluation": evaluation}, now=ASKED_AT)


@pytest.mark.parametrize(("field", "value"), [("approvalId", "guessable"), ("timeoutSeconds", 0)])
def test_unsafe_value_is_refused(field: str, value: Any) -> None:  # noqa: ANN401 - any JSON
    with pytest.raises(InvalidEventError, match=field):
        read_approval({**_EVENT, field: value}, now=ASKED_AT)
