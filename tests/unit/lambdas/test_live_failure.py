"""A release that fails after its model went live: said plainly, with the way back."""

from __future__ import annotations

from typing import Any

import pytest
from mail_outcome.inference import InferenceApi
from mail_outcome.messages import write_mail
from mail_outcome.outcome import read_outcome
from shared.mail import Mail

from tests.unit.lambdas import events
from tests.unit.lambdas.aws_commands import commands, option, unknown_options

_API = InferenceApi(url="https://api.example/inference", access="iam", region="eu-west-1")


def _mail(**changes: object) -> Mail:
    event = {**events.load("mail_outcome_smoke_test_failed"), **changes}
    return write_mail(
        read_outcome({key: value for key, value in event.items() if value is not None}), api=_API
    )


def _failure(state: str, error: str) -> dict[str, Any]:
    return {"state": state, "error": error, "cause": "no"}


def test_a_failed_smoke_test_says_that_the_model_is_live_and_how_to_go_back() -> None:
    mail = _mail()

    assert mail.subject == "FAILED: iris model 1a2b3c4d is LIVE, but failed at Try the endpoint"
    assert "THE NEW MODEL IS LIVE on endpoint iris" in mail.body
    assert "It has not passed its test there" in mail.body
    assert "said 'virginica'" in mail.body
    assert "trains the\nold code again" in mail.body
    update, describe = commands(mail.body)
    assert update[2] == "update-endpoint"
    assert option(update, "endpoint-name") == "iris"
    assert option(update, "endpoint-config-name") == "iris-0f9e8d7c-4b1d0c2e9a7f-0"
    assert option(update, "region") == "eu-west-1"
    assert describe[2] == "describe-endpoint"


def test_unknown_configuration_before_is_to_be_looked_up() -> None:
    found, update, _ = commands(_mail(previousConfiguration=None).body)

    assert found[2] == "list-endpoint-configs"
    assert option(found, "name-contains") == "iris"
    assert option(update, "endpoint-config-name") == "<previous configuration>"


def test_a_first_release_has_nothing_to_go_back_to() -> None:
    mail = _mail(previousConfiguration="")

    [delete] = commands(mail.body)
    assert delete[2:3] == ["delete-endpoint"]
    assert "update-endpoint" not in mail.body
    assert "no model to go back to" in mail.body


@pytest.mark.parametrize("previous", [None, "", "iris-before"])
@pytest.mark.parametrize("endpoint", [None, "iris"])
def test_every_command_is_one_that_the_cli_knows(
    previous: str | None, endpoint: str | None
) -> None:
    body = _mail(previousConfiguration=previous, endpointName=endpoint).body

    assert commands(body)
    assert [unknown_options(command) for command in commands(body)] == [set()] * len(commands(body))


def test_a_test_that_could_not_be_made_leaves_the_model_live_and_untried() -> None:
    body = _mail(failure=_failure("Try the endpoint", "TransientError")).body

    assert "THE NEW MODEL IS LIVE" in body
    assert "nobody knows yet whether the model answers as tested" in body
    assert "HOW TO GO BACK" in body


@pytest.mark.parametrize(
    "state", ["Train the model", "Wait for the endpoint", "Check the endpoint"]
)
def test_other_failures_do_not_say_that_the_model_is_live(state: str) -> None:
    mail = _mail(failure=_failure(state, "States.TaskFailed"))

    assert mail.subject == f"FAILED: iris model 1a2b3c4d at {state}"
    assert "LIVE" not in mail.body
    assert "HOW TO GO BACK" not in mail.body
