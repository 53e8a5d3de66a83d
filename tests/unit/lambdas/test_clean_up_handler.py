"""Clean-up: when it waits, what it does about failures, and what it asks AWS."""

from __future__ import annotations

from typing import Any

import pytest
from clean_up import handler as clean_up
from clean_up import inventory as inventories
from clean_up.handler import handle
from clean_up.inventory import Place, digest_of
from shared import aws
from shared.environment import InvalidEnvironmentError
from shared.release_resources import NotDeletedError
from shared.transient import TransientError

from tests.unit.lambdas import events
from tests.unit.lambdas.sagemaker_account import (
    GROUP,
    MACHINE,
    Account,
    Configured,
    Deployed,
    error,
    execution,
)

_PLACE = Place(
    model_name="iris", endpoint_name="iris", model_package_group="iris", state_machine_arn=MACHINE
)
_ENDED = events.load("event_execution_failed")["detail"]["executionArn"]


def _name(run: str) -> str:
    return f"iris--1a2b3c4d-{digest_of(execution(run))}-0"


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Account:
    """Five released versions, the last one live, and a rejected candidate."""
    for name, value in {
        "MODEL_NAME": "iris",
        "ENDPOINT_NAME": "iris",
        "MODEL_PACKAGE_GROUP": "iris",
        "STATE_MACHINE_ARN": MACHINE,
        "KEEP_VERSIONS": "2",
    }.items():
        monkeypatch.setenv(name, value)
    made = Account()
    for number in range(1, 6):
        name = _name(str(number))
        made.models.add(name)
        made.versions[f"{GROUP}/{number}"] = "Approved"
        made.configurations[name] = Configured([name], version=f"{GROUP}/{number}", age=number)
    made.models.add(_name("rejected"))
    made.endpoints["iris"] = Deployed(_name("5"))
    monkeypatch.setattr(aws, "sagemaker", lambda: made)
    monkeypatch.setattr(aws, "stepfunctions", lambda: made)
    return made


def _clean() -> dict[str, Any]:
    return handle(events.load("event_execution_failed"), None)


def test_the_live_version_and_the_newest_others_stay(account: Account) -> None:
    answer = _clean()

    assert answer == {
        "configurations": sorted([_name("1"), _name("2")]),
        "models": sorted([_name("1"), _name("2"), _name("rejected")]),
        "postponed": "",
    }
    assert set(account.configurations) == account.models == {_name("3"), _name("4"), _name("5")}


def test_a_version_that_was_put_back_keeps_its_newest_configuration(account: Account) -> None:
    # Given version 1, put back and replaced by version 5 again
    again = _name("put-back")
    account.models.add(again)
    account.configurations[again] = Configured([again], version=f"{GROUP}/4", age=9)

    _clean()

    assert set(account.configurations) == {_name("3"), again, _name("5")}
    assert account.models == {_name("3"), again, _name("5")}


@pytest.mark.parametrize("status", ["Updating", "RollingBack"])
def test_nothing_is_deleted_while_an_endpoint_changes(account: Account, status: str) -> None:
    account.endpoints["iris"] = Deployed(_name("5"), status=status, pending=_name("6"))

    answer = _clean()

    assert (account.deleted, answer["configurations"]) == ([], [])
    assert status in answer["postponed"]


def test_nothing_is_deleted_while_a_release_may_put_the_last_model_back(account: Account) -> None:
    # Given a release whose model serves already, and which has not ended
    account.running.add(execution("5"))

    answer = _clean()

    assert account.deleted == []
    assert "has not ended" in answer["postponed"]


def test_a_release_that_waits_for_a_decision_keeps_its_model_only(account: Account) -> None:
    account.running.add(execution("rejected"))

    _clean()

    assert account.models == {_name("3"), _name("4"), _name("5"), _name("rejected")}


def test_an_endpoint_of_somebody_else_keeps_what_it_uses(account: Account) -> None:
    # Given one endpoint on an old configuration, and one on a foreign configuration of an old model
    account.endpoints["try-out"] = Deployed(_name("1"))
    account.configurations["my-own"] = Configured(["other"], shadow=[_name("2")])
    account.endpoints["shadow"] = Deployed("my-own")

    _clean()

    assert _name("1") in account.configurations
    assert {_name("1"), _name("2")} <= account.models


def test_models_stay_when_nobody_can_tell_which_one_serves(account: Account) -> None:
    account.endpoints["theirs"] = Deployed("deleted-while-it-serves")

    _clean()

    assert set(account.configurations) == {_name("3"), _name("4"), _name("5")}
    assert len(account.models) == 6


def test_the_execution_that_ended_does_not_count_even_if_it_is_listed_late(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given the execution of the live model, which is listed as running a little longer
    live = f"iris--1a2b3c4d-{digest_of(_ENDED)}-0"
    account.configurations[live] = Configured([live], version=f"{GROUP}/5", age=9)
    account.models.add(live)
    account.endpoints["iris"] = Deployed(live)
    account.running.add(_ENDED)
    passed: list[float] = []

    def sleep(seconds: float) -> None:
        passed.append(seconds)
        if sum(passed) >= 3:
            account.running.clear()

    monkeypatch.setattr(inventories.take_inventory, "__kwdefaults__", {"ended": "", "sleep": sleep})

    answer = _clean()

    assert answer["postponed"] == ""
    assert set(account.configurations) == {_name("3"), _name("4"), live}
    assert sum(passed) == 3


def test_a_failed_deletion_does_not_stop_the_rest_and_is_tried_again(account: Account) -> None:
    throttled = error("DeleteModel", "Rate exceeded", code="ThrottlingException")
    account.refused = {_name("1"): throttled}

    with pytest.raises(TransientError, match=_name("1")):
        _clean()
    assert set(account.configurations) == {_name("1"), _name("3"), _name("4"), _name("5")}
    assert _name("2") not in account.models

    # When Lambda calls again
    account.refused = {}
    _clean()
    assert account.models == {_name("3"), _name("4"), _name("5")}


def test_a_refused_deletion_says_so(account: Account) -> None:
    account.refused = {_name("2"): error("DeleteModel", "no", code="AccessDeniedException")}

    with pytest.raises(NotDeletedError, match="AccessDeniedException"):
        _clean()

    assert _name("1") not in account.models


def test_what_is_gone_already_is_as_good(account: Account) -> None:
    account.refused = {_name("1"): error("DeleteModel", 'Could not find model "x".')}

    assert _clean()["postponed"] == ""


def test_nothing_is_deleted_if_something_cannot_be_read(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise error("DescribeEndpoint", "Rate exceeded", code="ThrottlingException")

    monkeypatch.setattr(account, "describe_endpoint", refuse)

    with pytest.raises(TransientError):
        _clean()
    assert account.deleted == []


@pytest.mark.parametrize("event", [events.load("event_daily"), {}], ids=["daily", "by hand"])
def test_any_event_will_do(account: Account, event: dict[str, Any]) -> None:
    assert handle(event, None)["postponed"] == ""
    assert account.deleted


@pytest.mark.parametrize("name", ["MODEL_NAME", "KEEP_VERSIONS"])
@pytest.mark.usefixtures("account")
def test_missing_variable_names_itself(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(name)
    with pytest.raises(InvalidEnvironmentError, match=name):
        clean_up.environment()
