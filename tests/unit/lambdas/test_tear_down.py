"""Tear-down: nothing of the model stays, and all else does."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from tear_down import handler as tear_down
from tear_down.handler import handle
from tear_down.patience import Patience, TookTooLong

from tests.unit.lambdas import events
from tests.unit.lambdas.sagemaker_account import Deployed, error
from tests.unit.lambdas.tear_down_fakes import (
    SEEN,
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


def test_nothing_of_the_model_stays_and_all_else_does(
    account: Torn, cloudformation: CloudFormation
) -> None:
    handle(event(cloudformation), Context())

    assert account.endpoints == {"iris-b": Deployed("iris-b--x")}
    assert account.models == set(account.configurations) == {"iris-b--x"}
    assert (account.running, account.scaled) == (set(), set())
    # A release that runs on would make the endpoint anew; scaling would make it busy.
    assert account.calls == ["stop", "stop", "deregister", "endpoint"]
    (answer,) = cloudformation.answers
    asked = events.load("tear_down_release")
    assert answer == {
        "Status": "SUCCESS",
        "Reason": "Done",
        "PhysicalResourceId": "TearDown",
        **{name: asked[name] for name in ("StackId", "RequestId", "LogicalResourceId")},
    }
    assert cloudformation.types == [""]


def test_repeated_it_succeeds_again(account: Torn, cloudformation: CloudFormation) -> None:
    handle(event(cloudformation), Context())
    left = set(account.models)

    handle(event(cloudformation), Context())

    assert [answer["Status"] for answer in cloudformation.answers] == ["SUCCESS", "SUCCESS"]
    assert account.models == left


@pytest.mark.parametrize("status", ["Creating", "Updating", "RollingBack", "SystemUpdating"])
def test_it_waits_for_an_endpoint_that_changes(
    account: Torn, cloudformation: CloudFormation, status: str
) -> None:
    endpoint = account.endpoints["iris"]
    endpoint.status = status
    account.turns = [lambda: None] * 3 + [lambda: setattr(endpoint, "status", "InService")]

    handle(event(cloudformation), Context())

    assert cloudformation.answers[0]["Status"] == "SUCCESS"
    assert "iris" not in account.endpoints


def test_an_endpoint_that_never_settles_is_told_with_what_to_do(
    account: Torn, cloudformation: CloudFormation, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.endpoints["iris"].status = "Updating"
    passed = [0.0]

    def sleep(seconds: float) -> None:
        passed[0] += seconds
        account.wait(seconds)

    monkeypatch.setattr(
        tear_down,
        "Patience",
        lambda until: Patience(
            until=until, clock=lambda: time.monotonic() + passed[0], sleep=sleep
        ),
    )

    handle(event(cloudformation), Context())

    (answer,) = cloudformation.answers
    assert answer["Status"] == "FAILED"
    assert "endpoint iris, which is still Updating" in answer["Reason"]
    assert "Delete the stack again" in answer["Reason"]
    # Lambda ends the call after 15 minutes
    assert 12.5 * 60 < passed[0] <= 13 * 60
    assert account.models  # which the endpoint may still need


@pytest.mark.parametrize("request_type", ["Create", "Update"])
def test_nothing_happens_before_the_end(
    account: Torn, cloudformation: CloudFormation, request_type: str
) -> None:
    asked = event(cloudformation, RequestType=request_type)
    if request_type == "Create":
        del asked["PhysicalResourceId"]

    handle(asked, Context())

    assert cloudformation.answers[0]["Status"] == "SUCCESS"
    assert cloudformation.answers[0]["PhysicalResourceId"] == "TearDown"
    assert account.endpoints["iris"].status == "InService"


def test_all_versions_of_a_group_go(account: Torn, cloudformation: CloudFormation) -> None:
    handle(event(cloudformation, "versions"), Context())

    assert cloudformation.answers[0]["Status"] == "SUCCESS"
    assert account.versions == {}
    assert account.endpoints["iris"].status == "InService"


def test_a_group_that_is_gone_has_no_versions(
    account: Torn, cloudformation: CloudFormation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: str) -> None:
        raise error("ListModelPackages", "Model Package Group iris does not exist.")

    monkeypatch.setattr(account, "get_paginator", refuse)

    handle(event(cloudformation, "versions"), Context())

    assert cloudformation.answers[0]["Status"] == "SUCCESS"


def test_what_passes_by_itself_is_waited_for(account: Torn, cloudformation: CloudFormation) -> None:
    account.refused = {SEEN: error("DeleteModel", "Rate exceeded", code="ThrottlingException")}
    # One wait for each of: the executions, the endpoint; then the throttled model
    account.turns = [lambda: None] * 3 + [account.refused.clear]

    handle(event(cloudformation), Context())

    assert cloudformation.answers[0]["Status"] == "SUCCESS"
    assert account.models == {"iris-b--x"}


def test_patience_ends_in_time() -> None:
    passed = [0.0]

    def sleep(seconds: float) -> None:
        passed[0] += seconds

    patience = Patience(until=100, clock=lambda: passed[0], sleep=sleep)
    with pytest.raises(TookTooLong, match="Godot"):
        patience.repeat(lambda: "Godot")
    assert 85 <= passed[0] <= 100
