"""Tear-down: CloudFormation gets one answer, whatever happens."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any, cast

import pytest
from shared.fields import InvalidEventError
from tear_down.answer import Answer
from tear_down.handler import handle

from tests.unit.lambdas import events
from tests.unit.lambdas.sagemaker_account import error
from tests.unit.lambdas.tear_down_fakes import (
    CloudFormation,
    Context,
    Torn,
    event,
    released,
    serving,
)


@pytest.fixture
def cloudformation() -> Iterator[CloudFormation]:
    with serving() as place:
        yield place


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Torn:
    return released(monkeypatch)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (error("DeleteEndpoint", "not authorized", code="AccessDeniedException"), "AccessDenied"),
        (RuntimeError("what nobody expects"), "RuntimeError: what nobody expects"),
        (RuntimeError("ü" * 9000), "üü"),
        (RuntimeError("\N{PILE OF POO}" * 9000), "\N{PILE OF POO}" * 500),
        (RuntimeError('"\n\0' * 9000), '"\n\0' * 100),
        (RuntimeError("half of one: \ud83d"), "half of one: ?"),
    ],
)
def test_any_failure_is_an_answer(
    account: Torn,
    cloudformation: CloudFormation,
    monkeypatch: pytest.MonkeyPatch,
    broken: Exception,
    said: str,
) -> None:
    def fail(**_: object) -> None:
        raise broken

    monkeypatch.setattr(account, "delete_endpoint", fail)

    handle(event(cloudformation), Context())

    (answer,) = cloudformation.answers
    assert answer["Status"] == "FAILED"
    assert said in answer["Reason"]
    assert cloudformation.sizes[0] < 4096


def test_a_reason_has_the_room_that_the_ids_leave(cloudformation: CloudFormation) -> None:
    physical = "p" * 1024

    Answer(event(cloudformation, PhysicalResourceId=physical)).fail("ä" * 4000)

    (answer,) = cloudformation.answers
    assert answer["PhysicalResourceId"] == physical
    assert 3990 < cloudformation.sizes[0] <= 4000


@pytest.mark.parametrize("changes", [{"ResourceProperties": {}}, {"ResourceProperties": None}])
@pytest.mark.usefixtures("account")
def test_wrong_properties_are_an_answer_too(
    cloudformation: CloudFormation, changes: dict[str, Any]
) -> None:
    handle(event(cloudformation, **changes), Context())
    assert cloudformation.answers[0]["Status"] == "FAILED"


def test_a_call_that_hangs_is_answered_before_lambda_ends(
    account: Torn, cloudformation: CloudFormation, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given an AWS that answers only after Lambda would have ended the call
    monkeypatch.setattr(
        account, "describe_endpoint", lambda **_: cloudformation.arrived.wait(timeout=10)
    )

    handle(event(cloudformation), Context(seconds=25.05))

    # Then there is one answer, and none follows when the call comes back at last
    (answer,) = cloudformation.answers
    assert answer["Status"] == "FAILED"
    assert "no time left" in answer["Reason"]


def test_an_answer_that_is_not_taken_is_sent_again(
    account: Torn, cloudformation: CloudFormation
) -> None:
    cloudformation.refuses = 2

    handle(event(cloudformation), Context())

    assert [answer["Status"] for answer in cloudformation.answers] == ["SUCCESS"]
    assert "iris" not in account.endpoints


@pytest.mark.usefixtures("account")
def test_a_cloudformation_that_is_away_fails_the_call(cloudformation: CloudFormation) -> None:
    cloudformation.refuses = 100
    with pytest.raises(OSError, match="503"):
        handle(event(cloudformation, RequestType="Create"), Context())


@pytest.mark.usefixtures("account")
def test_the_signed_address_is_not_logged(
    cloudformation: CloudFormation, capsys: pytest.CaptureFixture[str]
) -> None:
    handle(event(cloudformation), Context())
    printed = capsys.readouterr()
    assert "answered" in printed.out
    assert "secret" not in printed.out + printed.err


@pytest.mark.parametrize("url", ["", "file:///etc/passwd"])
def test_nobody_else_may_ask(url: str) -> None:
    with pytest.raises(InvalidEventError, match="ResponseURL"):
        handle({**events.load("tear_down_release"), "ResponseURL": url}, Context())


def test_only_the_first_answer_is_sent(cloudformation: CloudFormation) -> None:
    answer = Answer(event(cloudformation), sleep=cast(Any, None))
    threads = [threading.Thread(target=answer.fail, args=["late"]) for _ in range(4)]
    for thread in threads:
        thread.start()
    answer.succeed()
    for thread in threads:
        thread.join()
    assert len(cloudformation.answers) == 1
