"""An approved version is put back: the deployment of a release, without training and question."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import pytest

from local.sagemaker.validation import violations
from tests.infrastructure.answers import (
    FOUND_VERSION,
    PUT_BACK_INPUT,
    RELEASE_INPUT,
    RINGING,
    SMOKE_TEST_CAUSE,
    all_well,
    endpoint,
    fails,
)
from tests.infrastructure.execution import EXECUTION, Walk, execute

_DIGEST = hashlib.sha256(EXECUTION.encode()).hexdigest()[:12]
_VERSION = {name: FOUND_VERSION[name] for name in ("modelPackageArn", "number")}


def _walk(
    definition: dict[str, Any],
    release_input: object = PUT_BACK_INPUT,
    **changes: Any,  # noqa: ANN401 - answers
) -> Walk:
    answers = {
        **all_well(),
        "Look up the endpoint": endpoint("InService", "old"),
        **{name.replace("_", " "): new for name, new in changes.items()},
    }
    return execute(definition, release_input, answers=answers)


def test_nothing_is_trained_and_nobody_is_asked(definition: dict[str, Any]) -> None:
    walk = _walk(definition)

    assert walk.succeeded
    assert [name for name, _ in walk.calls] == [
        "Look up the version",
        "Create the model again",
        "Create the endpoint configuration",
        "Look up the endpoint",
        "Update the endpoint",
        "Check the endpoint",
        "Try the endpoint",
        "Note that it serves",
        "Scale with the traffic",
        "Set the pace of scaling",
        "Mail the inference link",
    ]
    assert walk.arguments("Look up the version")["Payload"] == {
        "modelPackageArn": PUT_BACK_INPUT["modelPackageArn"],
        "groupName": "iris",
        "modelName": "iris",
        "bucket": "databuckete6b0faa8",
    }


def test_the_model_is_made_of_what_the_version_says(definition: dict[str, Any]) -> None:
    walk = _walk(definition)

    model = walk.arguments("Create the model again")
    configuration = walk.arguments("Create the endpoint configuration")
    container = model["PrimaryContainer"]
    assert container["Image"] == FOUND_VERSION["imageUri"]
    assert container["ModelDataUrl"] == FOUND_VERSION["modelData"]
    assert model["ModelName"] == f"iris--0f9e8d7c-{_DIGEST}-0"
    assert configuration["ProductionVariants"][0]["ModelName"] == model["ModelName"]
    tags = {tag["Key"]: tag["Value"] for tag in configuration["Tags"]}
    assert tags == {
        "application": "model-release",
        "commit": "0f9e8d7c",
        # Who looks at the configuration finds the approval of then.
        "approval": FOUND_VERSION["approvalId"],
        "data": "4f1d8a0b2c3e",
        "evaluation": FOUND_VERSION["evaluation"]["reportKey"],
        "version": FOUND_VERSION["modelPackageArn"],
        "putBackBy": "first",
    }


@pytest.mark.parametrize("name", ["x" * 80, "it's-(mine)!", "ä.b=c@d+e_f"])
def test_the_run_that_put_it_back_is_named_in_letters_that_a_tag_may_hold(
    definition: dict[str, Any], name: str
) -> None:
    run = f"{EXECUTION.rpartition(':')[0]}:{name}"
    walk = execute(definition, PUT_BACK_INPUT, answers=all_well(), execution=run)

    request = walk.arguments("Create the endpoint configuration")
    tags = {tag["Key"]: tag["Value"] for tag in request["Tags"]}
    assert violations("CreateEndpointConfig", request) == []
    assert tags["putBackBy"] == re.sub(r"[^a-zA-Z0-9_.=+@-]", "-", name)


def test_a_release_is_no_version_put_back(definition: dict[str, Any]) -> None:
    walk = _walk(definition, RELEASE_INPUT)

    tags = walk.arguments("Create the endpoint configuration")["Tags"]
    assert "putBackBy" not in [tag["Key"] for tag in tags]


@pytest.mark.parametrize("reason", [PUT_BACK_INPUT["reason"], None])
def test_people_are_told_what_was_put_back_and_why(
    definition: dict[str, Any], reason: str | None
) -> None:
    given = {**PUT_BACK_INPUT, "reason": reason}
    walk = _walk(definition, given)

    told = walk.arguments("Mail the inference link")["Payload"]
    assert (told["outcome"], told["reason"]) == ("putBack", reason or "")
    assert (told["commitId"], told["version"]) == ("0f9e8d7c", _VERSION)
    assert told["decision"] == FOUND_VERSION["decision"]
    assert walk.output["modelPackageArn"] == FOUND_VERSION["modelPackageArn"]
    assert walk.output["version"] == 6


def test_it_is_put_back_at_once_whatever_alarm_rings(definition: dict[str, Any]) -> None:
    # An alarm that rings because of what serves would roll back what is to replace it.
    walk = _walk(definition, Look_at_the_alarms=RINGING)
    update = walk.arguments("Update the endpoint")
    careful = execute(
        definition,
        RELEASE_INPUT,
        answers={**all_well(), "Look up the endpoint": endpoint("InService")},
    ).arguments("Update the endpoint")

    routing = update["DeploymentConfig"]["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]
    assert routing == {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}
    assert "AutoRollbackConfiguration" not in update["DeploymentConfig"]
    assert "AutoRollbackConfiguration" in careful["DeploymentConfig"]
    assert "Look at the alarms" not in walk.visited


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        ("UnknownVersion", "'x' is no version of iris."),
        ("VersionNotApproved", "Version 6 was rejected."),
    ],
)
def test_a_version_that_cannot_be_put_back_changes_nothing(
    definition: dict[str, Any], error: str, cause: str
) -> None:
    walk = _walk(definition, Look_up_the_version=fails(error, cause))

    assert (walk.error, walk.cause) == (error, cause)
    assert [name for name, _ in walk.calls] == ["Look up the version", "Mail the failure"]
    payload = walk.arguments("Mail the failure")["Payload"]
    assert (payload["commitId"], payload["putBack"]) == ("unknown", True)


@pytest.mark.parametrize("state", ["Create the model again", "Create the endpoint configuration"])
def test_a_failing_step_is_mailed_and_keeps_its_error(
    definition: dict[str, Any], state: str
) -> None:
    walk = _walk(definition, **{state: fails("States.TaskFailed", "It broke")})

    payload = walk.arguments("Mail the failure")["Payload"]
    assert (walk.error, walk.cause) == ("States.TaskFailed", "It broke")
    assert payload["failure"]["state"] == state
    assert (payload["version"], payload["putBack"]) == (_VERSION, True)


@pytest.mark.parametrize(
    "changes",
    [
        {"Check_the_endpoint": endpoint("InService", "old")},
        {"Try_the_endpoint": fails("SmokeTestFailed", SMOKE_TEST_CAUSE)},
    ],
)
def test_a_version_that_was_approved_before_is_not_rejected(
    definition: dict[str, Any], changes: dict[str, Any]
) -> None:
    walk = _walk(definition, **changes)

    assert walk.error in ("EndpointRolledBack", "SmokeTestFailed")
    assert "Reject the failed version" not in walk.visited


@pytest.mark.parametrize("value", [None, 5, "", ["x"], {"a": 1}])
def test_whatever_stands_there_is_for_the_look_up_to_judge(
    definition: dict[str, Any], value: object
) -> None:
    # Given an input that names a version, well or badly, and an image beside it
    given = {**RELEASE_INPUT, "modelPackageArn": value}

    walk = _walk(definition, given, Look_up_the_version=fails("UnknownVersion", "None"))

    assert walk.arguments("Look up the version")["Payload"]["modelPackageArn"] == value
    assert walk.error == "UnknownVersion"
