"""The mail for a failure: what serves now, as the endpoint says it, and the way back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.stub import ANY, Stubber
from mail_outcome.handler import compose, handle
from mail_outcome.inference import InferenceApi
from shared import aws
from shared.mail import Mail

from tests.unit.lambdas import events
from tests.unit.lambdas.aws_commands import commands, option, unknown_options
from tests.unit.lambdas.sagemaker_answers import CONFIGURATION, SageMaker

_API = InferenceApi(url="https://api.example/inference", access="iam", region="eu-west-1")
_TOPIC = "arn:aws:sns:eu-west-1:123456789012:notifications"
_EVENT = events.load("mail_outcome_smoke_test_failed")
_OWN = _EVENT["version"]["modelPackageArn"]


@pytest.fixture
def sagemaker() -> Iterator[SageMaker]:
    with Stubber(aws.sagemaker_at_once()) as stubber:
        yield SageMaker(stubber)
        stubber.assert_no_pending_responses()


@pytest.fixture
def new_model_is_live(sagemaker: SageMaker) -> SageMaker:
    tags = {"commit": "1a2b3c4d", "evaluation": "report.json", "version": _OWN}
    return sagemaker.endpoint().configuration(**tags)


def _mail(**changes: object) -> Mail:
    event = {**_EVENT, **changes}
    mail = compose({key: value for key, value in event.items() if value is not None}, api=_API)
    assert mail is not None
    return mail


def _failure(state: str, error: str, cause: str = "no") -> dict[str, Any]:
    return {"state": state, "error": error, "cause": cause}


def test_after_a_rollback_the_mail_says_which_version_serves(sagemaker: SageMaker) -> None:
    # Given an endpoint that was put back to the version before
    sagemaker.released()

    mail = _mail()

    assert mail.subject == "FAILED: iris model 1a2b3c4d at Try the endpoint"
    assert "Version 6 (commit 0f9e8d7c) serves now, on endpoint iris." in mail.body
    assert "said 'virginica'" in mail.body
    assert "LIVE" not in mail.body
    assert "HOW TO GO BACK" not in mail.body
    assert "Version:   7," in mail.body


@pytest.mark.parametrize("status", ["Updating", "RollingBack"])
def test_an_endpoint_that_still_changes_is_said_to(sagemaker: SageMaker, status: str) -> None:
    sagemaker.released(status)

    assert f"which is in state {status}: it may change" in _mail().body


def test_a_failure_before_the_endpoint_says_what_serves_too(sagemaker: SageMaker) -> None:
    sagemaker.released()

    empty = {"modelPackageArn": "", "number": 0}
    body = _mail(failure=_failure("Train the model", "States.TaskFailed"), version=empty).body

    assert "Version:" not in body
    assert "Version 6 (commit 0f9e8d7c) serves now" in body


@pytest.mark.parametrize(
    ("version", "opening"),
    [
        (_EVENT["version"], "Putting back version 7 of iris failed at: Look up the endpoint\n"),
        (None, "Putting back a version of iris failed at: Look up the endpoint\n"),
    ],
)
def test_a_failed_way_back_is_no_release(
    sagemaker: SageMaker, version: object, opening: str
) -> None:
    sagemaker.released()

    mail = _mail(
        putBack=True, version=version, failure=_failure("Look up the endpoint", "EndpointStuck")
    )

    assert mail.body.startswith(opening)
    assert mail.subject == f"FAILED: {opening.strip().replace('failed at:', 'at')}"
    assert "Version 6 (commit 0f9e8d7c) serves now" in mail.body


def test_a_model_of_before_the_registry_is_named_by_its_commit(sagemaker: SageMaker) -> None:
    sagemaker.endpoint().configuration(commit="0f9e8d7c")

    assert "The model of commit 0f9e8d7c serves now" in _mail().body


def test_what_somebody_else_put_there_is_named_by_its_configuration(sagemaker: SageMaker) -> None:
    sagemaker.endpoint().configuration()

    assert f"The model of configuration {CONFIGURATION} serves now" in _mail().body


def test_without_an_endpoint_nothing_serves(sagemaker: SageMaker) -> None:
    sagemaker.error("describe_endpoint", "ValidationException", "Could not find endpoint iris")

    assert "Nothing serves now: there is no endpoint." in _mail().body


def test_an_endpoint_that_has_failed_serves_nothing(sagemaker: SageMaker) -> None:
    sagemaker.endpoint("Failed")

    assert "endpoint iris is in state Failed" in _mail().body


@pytest.mark.usefixtures("new_model_is_live")
def test_a_failed_model_that_serves_is_said_to_be_live_with_the_way_back() -> None:
    mail = _mail()

    assert mail.subject == "FAILED: iris model 1a2b3c4d is LIVE, but failed at Try the endpoint"
    assert "THE NEW MODEL IS LIVE on endpoint iris" in mail.body
    assert "It has not passed its test there" in mail.body
    assert "Version 7 (commit 1a2b3c4d) serves now" in mail.body
    assert '{"modelPackageArn": "<ARN of the version>"}' in mail.body
    update, describe = commands(mail.body)
    assert update[2] == "update-endpoint"
    assert option(update, "endpoint-name") == "iris"
    assert option(update, "endpoint-config-name") == "iris-0f9e8d7c-4b1d0c2e9a7f-0"
    assert option(update, "region") == "eu-west-1"
    assert describe[2] == "describe-endpoint"


@pytest.mark.usefixtures("new_model_is_live")
@pytest.mark.parametrize("state", ["Scale with the traffic", "Set the pace of scaling"])
def test_a_model_that_does_not_scale_is_live_and_tried(state: str) -> None:
    error = "ApplicationAutoScaling.ValidationException"
    mail = _mail(failure=_failure(state, error, "ml.t2.medium cannot scale"))

    assert mail.subject == f"FAILED: iris model 1a2b3c4d is LIVE, but failed at {state}"
    assert "It has passed its test there." in mail.body
    assert "does not scale" in " ".join(mail.body.split())
    assert "HOW TO GO BACK" not in mail.body
    assert commands(mail.body) == []


@pytest.mark.usefixtures("new_model_is_live")
def test_unknown_configuration_before_is_to_be_looked_up() -> None:
    found, update, _ = commands(_mail(previousConfiguration=None).body)

    assert found[2] == "list-endpoint-configs"
    assert option(found, "name-contains") == "iris"
    assert option(update, "endpoint-config-name") == "<previous configuration>"


@pytest.mark.usefixtures("new_model_is_live")
def test_a_first_release_has_nothing_to_go_back_to() -> None:
    mail = _mail(previousConfiguration="")

    [delete] = commands(mail.body)
    assert delete[2:3] == ["delete-endpoint"]
    assert "update-endpoint" not in mail.body
    assert "no model to go back to" in mail.body


@pytest.mark.usefixtures("new_model_is_live")
@pytest.mark.parametrize("previous", [None, "", "iris-before"])
def test_every_command_is_one_that_the_cli_knows(previous: str | None) -> None:
    body = _mail(previousConfiguration=previous).body

    assert commands(body)
    assert [unknown_options(command) for command in commands(body)] == [set()] * len(commands(body))


@pytest.mark.usefixtures("new_model_is_live")
def test_a_version_that_served_before_is_no_new_model() -> None:
    # Given that the version to be put back is the one that serves
    mail = _mail(previousConfiguration=CONFIGURATION)

    assert "LIVE" not in mail.subject
    assert "Version 7 (commit 1a2b3c4d) serves now" in mail.body


@pytest.mark.parametrize(
    ("operation", "code", "status"),
    [
        ("describe_endpoint", "AccessDeniedException", 400),
        ("describe_endpoint", "InternalServerException", 500),
        ("describe_endpoint_config", "ValidationException", 400),
    ],
)
def test_no_error_keeps_a_mail_from_being_written(
    sagemaker: SageMaker,
    capsys: pytest.CaptureFixture[str],
    operation: str,
    code: str,
    status: int,
) -> None:
    if operation != "describe_endpoint":
        sagemaker.endpoint()
    sagemaker.error(operation, code, "no", status)

    mail = _mail()

    assert f"could not be looked up: {code}" in mail.body
    [describe] = commands(mail.body)
    assert option(describe, "endpoint-name") == "iris"
    assert unknown_options(describe) == set()
    assert json.loads(capsys.readouterr().out)["event"] == "servingUnknown"


def test_without_the_endpoints_name_nobody_is_asked(sagemaker: SageMaker) -> None:  # noqa: ARG001
    body = _mail(endpointName=None).body

    assert "the name of the endpoint is not known here" in body
    [describe] = commands(body)
    assert option(describe, "endpoint-name") == "<name of the endpoint>"


def test_deployed_function_asks_and_publishes(
    sagemaker: SageMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    events.configure_mail_outcome(monkeypatch, topic_arn=_TOPIC)
    sagemaker.released()
    with Stubber(aws.sns()) as sns:
        subject = "FAILED: iris model 1a2b3c4d at Try the endpoint"
        sns.add_response(
            "publish",
            {"MessageId": "m-1"},
            {"TopicArn": _TOPIC, "Subject": subject, "Message": ANY},
        )

        assert handle(_EVENT, None) == {"messageId": "m-1"}
