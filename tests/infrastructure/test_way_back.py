"""Before the way back, the endpoint is looked at: only the model that failed is taken off it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.infrastructure.answers import (
    RELEASE_INPUT,
    RINGING,
    SMOKE_TEST_CAUSE,
    all_well,
    calls,
    endpoint,
    fails,
    gives,
)
from tests.infrastructure.execution import Answer, Walk, execute

_BUSY = fails("SageMaker.SageMakerException", "Cannot update in-progress endpoint")
_DENIED = fails("SageMaker.SageMakerException", "User is not authorized")
_CHANGES = ("Put the last model back", "Remove the failing endpoint")


def _walk(definition: dict[str, Any], **changes: Any) -> Walk:  # noqa: ANN401 - answers
    answers = {
        **all_well(),
        "Try the endpoint": fails("SmokeTestFailed", SMOKE_TEST_CAUSE),
        "Check the last model": endpoint("InService", "old"),
        **{name.replace("_", " "): new for name, new in changes.items()},
    }
    return execute(definition, RELEASE_INPUT, answers=answers)


def _ours(definition: dict[str, Any], status: str) -> Answer:
    """An answer that the endpoint is on the configuration of this release."""
    made = _walk(definition).arguments("Create the endpoint configuration")
    return endpoint(status, made["EndpointConfigName"])


@pytest.mark.parametrize("before", ["old", ""])
@pytest.mark.parametrize("status", ["InService", "Failed", "OutOfService"])
def test_what_another_release_has_put_there_is_left_alone(
    definition: dict[str, Any], before: str, status: str
) -> None:
    found = {"Look_up_the_endpoint": endpoint("InService", before)} if before else {}

    walk = _walk(definition, **found, Look_before_going_back=endpoint(status, "newer"))

    assert not set(_CHANGES) & set(walk.visited)
    assert walk.error == "SmokeTestFailed"
    assert walk.cause.endswith(
        f" Another release has changed the endpoint, so it was left as it is: {status} on newer."
    )


@pytest.mark.parametrize("status", ["Updating", "SystemUpdating", "RollingBack"])
def test_an_update_under_way_is_waited_for_before_the_way_back(
    definition: dict[str, Any], status: str
) -> None:
    # Given another update that rolls back to the failing model, or ends as it began
    looks = [_ours(definition, status), _ours(definition, "InService")]

    walk = _walk(
        definition,
        Look_up_the_endpoint=endpoint("InService", "old"),
        Look_before_going_back=looks,
    )

    assert walk.visited.count("Wait before going back") == 1
    assert walk.arguments("Put the last model back")["EndpointConfigName"] == "old"
    assert walk.cause.endswith(" The last model serves again: old.")


def test_an_endpoint_that_never_ends_changing_is_left(definition: dict[str, Any]) -> None:
    walk = _walk(definition, Look_before_going_back=_ours(definition, "Updating"))

    assert 50 < walk.visited.count("Wait before going back") < 500
    assert not set(_CHANGES) & set(walk.visited)
    assert walk.cause.endswith(
        " The failing model may still serve: the endpoint is Updating and was left as it is."
    )


_BOTH: Mapping[str, Mapping[str, Any]] = {
    "Put the last model back": {"Look_up_the_endpoint": endpoint("InService", "old")},
    "Remove the failing endpoint": {},
}


@pytest.mark.parametrize("state", _CHANGES)
def test_an_endpoint_that_begins_to_change_is_looked_at_again(
    definition: dict[str, Any], state: str
) -> None:
    walk = _walk(definition, **_BOTH[state], **{state: [_BUSY, gives({})]})

    assert walk.visited.count(state) == 2
    assert walk.visited.count("Look before going back") == 2
    assert "may still serve" not in walk.cause


@pytest.mark.parametrize("state", _CHANGES)
@pytest.mark.parametrize(("refusal", "least", "most"), [(_BUSY, 50, 500), (_DENIED, 1, 1)])
def test_only_a_change_under_way_is_waited_out_and_not_forever(
    definition: dict[str, Any],
    state: str,
    refusal: Answer,
    least: int,
    most: int,
) -> None:
    walk = _walk(definition, **_BOTH[state], **{state: refusal})

    assert least <= walk.visited.count(state) <= most
    assert walk.error == "SmokeTestFailed"
    assert "Say that going back failed" in walk.visited


@pytest.mark.parametrize("state", _CHANGES)
def test_what_is_refused_for_good_is_not_tried_for_long(states: dict[str, Any], state: str) -> None:
    # What SageMaker's model does not name, a missing permission too, comes under one name.
    (rule,) = (
        rule
        for rule in states[state]["Retry"]
        if "SageMaker.SageMakerException" in rule["ErrorEquals"]
    )
    pauses = [
        rule["IntervalSeconds"] * rule["BackoffRate"] ** n for n in range(rule["MaxAttempts"])
    ]

    assert sum(pauses) <= 60


@pytest.mark.parametrize(
    "state", ["Check the endpoint", "Check the last model", "Look before going back"]
)
def test_a_fault_of_the_api_ends_no_watch_for_minutes(states: dict[str, Any], state: str) -> None:
    (rule,) = states[state]["Retry"]
    pauses = [
        rule["IntervalSeconds"] * rule["BackoffRate"] ** n for n in range(rule["MaxAttempts"])
    ]

    assert "SageMaker.SageMakerException" in rule["ErrorEquals"]
    assert 5 * 60 <= sum(pauses) <= 15 * 60


def test_a_model_that_is_live_and_cannot_be_made_to_scale_stays(
    definition: dict[str, Any],
) -> None:
    for state in ("Scale with the traffic", "Set the pace of scaling"):
        walk = _walk(
            definition,
            Look_up_the_endpoint=endpoint("InService", "old"),
            Try_the_endpoint=calls({"prediction": "virginica"}),
            **{state: fails("ApplicationAutoScaling.ValidationException", "No")},
        )

        failure = walk.arguments("Mail the failure")["Payload"]["failure"]
        assert (failure["state"], walk.cause) == (state, "No")
        assert "Note that it serves" in walk.visited
        assert not {*_CHANGES, "Reject the failed version"} & set(walk.visited)


def test_an_alarm_that_rings_already_ends_a_release_and_blames_no_version(
    definition: dict[str, Any],
) -> None:
    walk = _walk(
        definition, Look_up_the_endpoint=endpoint("InService", "old"), Look_at_the_alarms=RINGING
    )

    failure = walk.arguments("Mail the failure")["Payload"]["failure"]
    assert walk.arguments("Look at the alarms") == {
        "AlarmNames": ["EndpointAlarmsErrors3D88A810"],
        "AlarmTypes": ["MetricAlarm"],
        "StateValue": "ALARM",
    }
    assert (walk.error, failure["state"]) == ("EndpointUnhealthy", "Look at the alarms")
    assert walk.cause == (
        "The live model's alarm EndpointAlarmsErrors3D88A810 rings. Put a good version back first "
        "(make rollback), or wait until it is quiet; then release again."
    )
    assert not {"Update the endpoint", "Reject the failed version"} & set(walk.visited)


def test_all_alarms_that_ring_are_named(definition: dict[str, Any]) -> None:
    two = gives({"MetricAlarms": [{"AlarmName": "Errors"}, {"AlarmName": "Latency"}]})

    walk = _walk(definition, Look_up_the_endpoint=endpoint("InService"), Look_at_the_alarms=two)

    assert "alarm Errors, Latency rings." in walk.cause


def test_alarms_that_cannot_be_looked_at_end_the_release(definition: dict[str, Any]) -> None:
    broken = fails("CloudWatch.CloudWatchException", "Rate exceeded")

    walk = _walk(definition, Look_up_the_endpoint=endpoint("InService"), Look_at_the_alarms=broken)

    assert (walk.error, walk.cause) == ("CloudWatch.CloudWatchException", "Rate exceeded")
    assert "Update the endpoint" not in walk.visited


def test_nothing_serves_before_the_first_release_so_nothing_rings(
    definition: dict[str, Any],
) -> None:
    walk = _walk(definition, Look_at_the_alarms=RINGING)

    assert "Create the endpoint" in walk.visited
    assert "Look at the alarms" not in walk.visited
