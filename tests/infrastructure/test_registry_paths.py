"""Each candidate becomes a version, whose status follows what becomes of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.sagemaker.validation import violations
from tests.infrastructure.answers import (
    APPROVED,
    EVIDENCE,
    EXPIRED,
    FINGERPRINT,
    NOT_GOOD_ENOUGH,
    REJECTED,
    RELEASE_INPUT,
    RINGING,
    SMOKE_TEST_CAUSE,
    SUPERSEDED,
    VERSION,
    all_well,
    calls,
    endpoint,
    fails,
    gives,
)
from tests.infrastructure.execution import EXECUTION, Walk, execute
from tests.infrastructure.synthesis import synthesized

_SUMMARY = NOT_GOOD_ENOUGH["gate"]["summary"]


def _walk(definition: dict[str, Any], **changes: Any) -> Walk:  # noqa: ANN401 - answers
    answers = {**all_well(), **{name.replace("_", " "): new for name, new in changes.items()}}
    return execute(definition, RELEASE_INPUT, answers=answers)


def test_a_candidate_is_registered_before_anybody_is_asked(definition: dict[str, Any]) -> None:
    walk = _walk(definition)

    payload = walk.arguments("Register the version")["Payload"]
    asked = walk.arguments("Ask for approval")["Payload"]
    assert walk.visited.index("Register the version") < walk.visited.index("Ask for approval")
    assert payload == {
        "groupName": "iris",
        "modelName": "iris",
        "commitId": RELEASE_INPUT["commitID"],
        "imageUri": RELEASE_INPUT["imageUri"],
        "executionArn": EXECUTION,
        "approvalId": asked["approvalId"],
        "jobName": walk.arguments("Train the model")["TrainingJobName"],
        "fingerprint": FINGERPRINT,
        "modelData": walk.arguments("Create the model")["PrimaryContainer"]["ModelDataUrl"],
        "evidence": EVIDENCE,
    }


def test_a_candidate_that_is_not_good_enough_is_asked_of_nobody(
    definition: dict[str, Any],
) -> None:
    walk = _walk(definition, Gather_the_evidence=calls(NOT_GOOD_ENOUGH))

    assert (walk.error, walk.cause) == ("QualityGateFailed", _SUMMARY)
    assert walk.visited[-4:] == [
        "Good enough?",
        "Reject the version",
        "Mail that the gate stopped it",
        "Not good enough",
    ]
    assert walk.arguments("Reject the version") == {
        "ModelPackageArn": VERSION["modelPackageArn"],
        "ModelApprovalStatus": "Rejected",
        "ApprovalDescription": _SUMMARY,
    }
    told = walk.arguments("Mail that the gate stopped it")["Payload"]
    assert (told["outcome"], told["evidence"]) == ("gateFailed", NOT_GOOD_ENOUGH)
    assert told["version"] == VERSION


@pytest.mark.parametrize("passed", [None, "true", 0, 1])
def test_a_gate_that_says_anything_but_yes_is_not_passed(
    definition: dict[str, Any], passed: object
) -> None:
    gate = {**EVIDENCE["gate"], "passed": passed}

    walk = _walk(definition, Gather_the_evidence=calls({**EVIDENCE, "gate": gate}))

    assert walk.error == "QualityGateFailed"


@pytest.mark.parametrize("state", ["Reject the version", "Mail that the gate stopped it"])
def test_what_fails_after_the_gate_changes_no_outcome(
    definition: dict[str, Any], state: str
) -> None:
    broken = {state: fails("SageMaker.SageMakerException", "Not now")}

    walk = _walk(definition, Gather_the_evidence=calls(NOT_GOOD_ENOUGH), **broken)

    assert walk.error == "QualityGateFailed"
    assert "Mail that the gate stopped it" in walk.visited


def test_an_approval_is_told_to_the_registry_before_the_endpoint_changes(
    definition: dict[str, Any],
) -> None:
    walk = _walk(definition)

    assert walk.visited.index("Approve the version") < walk.visited.index(
        "Create the endpoint configuration"
    )
    assert walk.arguments("Approve the version") == {
        "ModelPackageArn": VERSION["modelPackageArn"],
        "ModelApprovalStatus": "Approved",
        "ApprovalDescription": "Approved by ada@example.com: Good on all classes",
        "CustomerMetadataProperties": {
            "decidedBy": "ada@example.com",
            "decidedAt": APPROVED["decidedAt"],
        },
    }


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    decided_by=st.text(max_size=2600)
    | st.lists(st.emails(), max_size=10).map(", ".join)
    | st.just("ada@example.com, grace@example.com"),
    reason=st.text(max_size=2000) | st.just("two\nlines\u2028and\u0085more"),
)
def test_the_registry_takes_any_decision(decided_by: str, reason: str) -> None:
    decision = {**APPROVED, "decidedBy": decided_by, "reason": reason}
    walk = _walk(synthesized().definition, Ask_for_approval=gives(decision))

    request = walk.arguments("Approve the version")
    metadata = request["CustomerMetadataProperties"]
    assert violations("UpdateModelPackage", request) == []
    assert "\n" not in request["ApprovalDescription"]
    for value in metadata.values():
        assert 1 <= len(value) <= 256


def test_several_approvers_stay_apart(definition: dict[str, Any]) -> None:
    decision = {**APPROVED, "decidedBy": "ada@example.com, grace@example.com"}

    walk = _walk(definition, Ask_for_approval=gives(decision))

    metadata = walk.arguments("Approve the version")["CustomerMetadataProperties"]
    assert metadata["decidedBy"] == "ada@example.com grace@example.com"


@pytest.mark.parametrize(
    ("decision", "description"),
    [
        (REJECTED, "Rejected by grace@example.com: Too many false alarms"),
        (SUPERSEDED, "Superseded: A newer release, commit 2b3c4d5e, takes its place"),
        (EXPIRED, "Too few people approved the release in time, and nobody rejected it"),
    ],
)
@pytest.mark.parametrize("told", [True, False])
def test_whatever_is_no_approval_rejects_the_version(
    definition: dict[str, Any], decision: dict[str, Any], description: str, told: bool
) -> None:
    broken = {} if told else {"Reject_the_undecided_version": fails("SageMaker.X", "Not now")}

    walk = _walk(definition, Ask_for_approval=gives(decision), **broken)

    request = walk.arguments("Reject the undecided version")
    assert request["ModelApprovalStatus"] == "Rejected"
    assert request["ApprovalDescription"] == description
    assert walk.visited[-2].startswith("Mail ")
    assert walk.error in ("ReleaseRejected", "ReleaseSuperseded", "ApprovalTimedOut")
    assert "Approve the version" not in walk.visited


_FAULTS: dict[str, dict[str, Any]] = {
    "EndpointRolledBack": {
        "Look_up_the_endpoint": endpoint("InService", "old"),
        "Check_the_endpoint": endpoint("InService", "old", FailureReason="Alarm rang\nat noon"),
    },
    "EndpointFailed": {"Check_the_endpoint": endpoint("Failed", FailureReason="No ping")},
    "SmokeTestFailed": {"Try_the_endpoint": fails("SmokeTestFailed", SMOKE_TEST_CAUSE)},
}


@pytest.mark.parametrize("error", _FAULTS)
@pytest.mark.parametrize("told", [True, False])
def test_a_version_that_did_not_come_to_serve_cannot_be_put_back_ever(
    definition: dict[str, Any], error: str, told: bool
) -> None:
    broken = {} if told else {"Reject_the_failed_version": fails("SageMaker.X", "Not now")}

    walk = _walk(definition, **_FAULTS[error], **broken)

    request = walk.arguments("Reject the failed version")
    assert walk.error == error
    assert walk.visited[-3:] == ["Reject the failed version", "Mail the failure", "Release failed"]
    assert request["ModelPackageArn"] == VERSION["modelPackageArn"]
    assert request["ModelApprovalStatus"] == "Rejected"
    assert request["ApprovalDescription"].startswith(f"It did not come to serve: {error}: ")
    assert violations("UpdateModelPackage", request) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"Check_the_endpoint": endpoint("OutOfService")},
        {"Check_the_endpoint": endpoint("InService", "newer")},
        {"Check_the_endpoint": endpoint("Failed", FailureReason="Insufficient capacity")},
        {"Look_up_the_endpoint": endpoint("InService"), "Look_at_the_alarms": RINGING},
        *(
            {
                "Look_up_the_endpoint": endpoint("InService", "old"),
                "Check_the_endpoint": endpoint("InService", "old", FailureReason=reason),
            }
            for reason in (
                "Unable to provision requested ML compute capacity",
                "InsufficientInstanceCapacity",
                "ResourceLimitExceeded: 0 Instances",
                "The account-level service limit 'ml.m5.large' is 2 Instances",
            )
        ),
        {"Check_the_endpoint": fails("States.TaskFailed", "No answer")},
        {"Try_the_endpoint": fails("Lambda.TooManyRequestsException", "Not now")},
        {"Scale_with_the_traffic": fails("ApplicationAutoScaling.X", "Not now")},
    ],
)
def test_a_version_that_is_not_to_blame_stays_approved(
    definition: dict[str, Any], changes: dict[str, Any]
) -> None:
    walk = _walk(definition, **changes)

    assert "Mail the failure" in walk.visited
    assert "Reject the failed version" not in walk.visited


def test_what_fails_before_the_registration_names_no_version(definition: dict[str, Any]) -> None:
    walk = _walk(definition, Train_the_model=fails("AlgorithmError", "Bad data"))

    payload = walk.arguments("Mail the failure")["Payload"]
    assert payload["version"] == {"modelPackageArn": "", "number": 0}
    assert payload["putBack"] is False


def test_an_answer_that_speaks_of_capacity_is_the_model_s_own(definition: dict[str, Any]) -> None:
    silent = fails("SmokeTestFailed", "Answered 'capacity', not virginica.")

    walk = _walk(definition, Try_the_endpoint=silent)

    assert "Reject the failed version" in walk.visited


@pytest.mark.parametrize("told", [True, False])
def test_a_version_that_has_answered_as_it_should_is_noted_as_one_that_served(
    definition: dict[str, Any], told: bool
) -> None:
    broken = {} if told else {"Note_that_it_serves": fails("SageMaker.X", "Not now")}

    walk = _walk(definition, **broken)

    request = walk.arguments("Note that it serves")
    assert walk.succeeded
    assert request["ModelPackageArn"] == VERSION["modelPackageArn"]
    (served_at,) = request["CustomerMetadataProperties"].values()
    assert list(request["CustomerMetadataProperties"]) == ["servedAt"]
    assert datetime.fromisoformat(served_at).utcoffset() == timedelta(0)
    assert violations("UpdateModelPackage", request) == []
    assert walk.visited.index("Try the endpoint") < walk.visited.index("Note that it serves")


def test_a_version_that_does_not_answer_has_not_served(definition: dict[str, Any]) -> None:
    walk = _walk(definition, Try_the_endpoint=fails("SmokeTestFailed", SMOKE_TEST_CAUSE))

    assert "Note that it serves" not in walk.visited
