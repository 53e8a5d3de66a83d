"""Events that a rule of one account delivers to another's bus."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from ministack.core import iam_evaluator  # type: ignore[import-untyped]
from ministack.core.responses import request_scope  # type: ignore[import-untyped]
from ministack.services import eventbridge, iam  # type: ignore[import-untyped]
from ministack.services.cloudformation import provisioners  # type: ignore[import-untyped]

from local.cloud import access, event_buses

_HOME, _AWAY = "111111111111", "222222222222"
_REGION = "eu-central-1"
_BUS = f"arn:aws:events:{_REGION}:{_AWAY}:event-bus/default"
_ROLE = f"arn:aws:iam::{_HOME}:role/forwards"
_STATEMENT = {
    "Effect": "Allow",
    "Principal": {"AWS": f"arn:aws:iam::{_HOME}:root"},
    "Action": "events:PutEvents",
    "Resource": _BUS,
    "Condition": {"StringEquals": {"events:source": "aws.codepipeline"}},
}


@pytest.fixture(autouse=True)
def arrived(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, Any]]]:
    """What arrives at targets in any account, by account."""
    found: list[tuple[str, Any]] = []

    def invoke(_target: Any, event: Any, rule: Any, _view: Any = None) -> None:  # noqa: ANN401
        found.append((rule["Arn"].split(":")[4], event))

    monkeypatch.setattr(eventbridge, "_invoke_target", invoke)
    for owner, name in (
        (iam_evaluator, "_resource_policy"),
        (iam_evaluator, "_resolve_condition_key"),
        (iam_evaluator, "enforce"),
    ):
        monkeypatch.setattr(owner, name, getattr(owner, name))
    monkeypatch.setattr(provisioners, "_RESOURCE_HANDLERS", dict(provisioners._RESOURCE_HANDLERS))
    access.correct()
    event_buses.install()
    yield found
    for store in (eventbridge._rules, eventbridge._targets, eventbridge._event_bus_policies):
        store.clear()
    iam._roles.clear()


@pytest.fixture
def role() -> dict[str, Any]:
    """The role of the rule, as IAM keeps it: it may put events on the bus."""
    allowed = {"Effect": "Allow", "Action": "events:PutEvents", "Resource": _BUS}
    trust = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": "events.amazonaws.com"},
    }
    made: dict[str, Any] = {
        "Arn": _ROLE,
        "InlinePolicies": {"puts": {"Statement": allowed}},
        "AttachedPolicies": [],
        "AssumeRolePolicyDocument": json.dumps({"Statement": trust}),
    }
    with request_scope(_HOME, _REGION):
        iam._roles["forwards"] = made
    return made


def policy(kind: str, *arguments: object) -> Any:  # noqa: ANN401 - what CloudFormation gets
    with request_scope(_AWAY, _REGION):
        return provisioners._RESOURCE_HANDLERS["AWS::Events::EventBusPolicy"][kind](*arguments)


def rule(account: str, target: dict[str, str]) -> None:
    with request_scope(account, _REGION):
        eventbridge._ensure_default_bus()
        pattern = json.dumps({"source": ["aws.codepipeline"], "account": [_HOME]})
        eventbridge._put_rule({"Name": "one", "EventPattern": pattern})
        eventbridge._put_targets({"Rule": "one", "Targets": [{"Id": "1", **target}]})


def send() -> None:
    entry = {"Source": "aws.codepipeline", "DetailType": "Run", "Detail": '{"state": "FAILED"}'}
    with request_scope(_HOME, _REGION):
        eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)


@pytest.fixture
def forwarding(role: dict[str, Any]) -> dict[str, Any]:
    """A rule to the other account's bus, and one there; the rule's role."""
    rule(_HOME, {"Arn": _BUS, "RoleArn": _ROLE})
    rule(_AWAY, {"Arn": f"arn:aws:sns:{_REGION}:{_AWAY}:topic"})
    return role


def test_an_event_arrives_with_its_account_when_the_bus_lets_it_in(
    forwarding: dict[str, Any], arrived: list[tuple[str, Any]]
) -> None:
    del forwarding
    send()
    assert arrived == []
    created = policy("create", "Policy", {"StatementId": "home", "Statement": _STATEMENT}, "stack")
    send()
    [(account, event)] = arrived
    assert (account, event["Account"], json.loads(event["Detail"])) == (
        _AWAY,
        _HOME,
        {"state": "FAILED"},
    )
    policy("delete", created[0], {})
    send()
    assert len(arrived) == 1


@pytest.mark.parametrize("lacking", ["InlinePolicies", "AssumeRolePolicyDocument"])
def test_the_rules_role_has_to_be_allowed_and_taken(
    forwarding: dict[str, Any], arrived: list[tuple[str, Any]], lacking: str
) -> None:
    policy("create", "Policy", {"StatementId": "home", "Statement": _STATEMENT}, "stack")
    forwarding[lacking] = {}
    send()
    assert arrived == []


@pytest.mark.parametrize(("account", "number"), [(_HOME, 1), (_AWAY, 0)])
def test_a_role_may_be_for_rules_of_one_account(
    forwarding: dict[str, Any], arrived: list[tuple[str, Any]], account: str, number: int
) -> None:
    policy("create", "Policy", {"StatementId": "home", "Statement": _STATEMENT}, "stack")
    trust = json.loads(forwarding["AssumeRolePolicyDocument"])
    trust["Statement"]["Condition"] = {
        "StringEquals": {"aws:SourceAccount": account},
        "ArnLike": {"aws:SourceArn": f"arn:aws:events:*:{account}:rule/one"},
    }
    forwarding["AssumeRolePolicyDocument"] = json.dumps(trust)
    send()
    assert len(arrived) == number


def test_a_statement_for_another_source_lets_nothing_in(
    forwarding: dict[str, Any], arrived: list[tuple[str, Any]]
) -> None:
    del forwarding
    other = {"StringEquals": {"events:source": "aws.s3"}}
    given = {"StatementId": "home", "Statement": {**_STATEMENT, "Condition": other}}
    created = policy("create", "Policy", given, "stack")
    send()
    assert arrived == []
    new = {"StatementId": "home", "Statement": _STATEMENT}
    policy("update", created[0], given, new, "stack")
    send()
    assert len(arrived) == 1
