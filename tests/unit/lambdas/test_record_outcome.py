"""Every end of an execution is counted once, and leaves no version undecided."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.stub import Stubber
from record_outcome.handler import handle
from shared import aws
from shared.environment import InvalidEnvironmentError
from shared.fields import InvalidEventError
from shared.transient import TransientError

from tests.unit.lambdas import events

_DETAIL = events.load("event_execution_failed")["detail"]
_STARTED = datetime.fromtimestamp(_DETAIL["startDate"] / 1000, tz=UTC)
_ENDED = datetime.fromtimestamp(_DETAIL["stopDate"] / 1000, tz=UTC)
_ARN = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/iris/7"
_OTHER = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/iris/8"
_SUMMARY = {"CreationTime": _STARTED, "ModelPackageStatus": "Completed"}


@pytest.fixture
def sagemaker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    monkeypatch.setenv("MODEL_NAME", "iris")
    monkeypatch.setenv("MODEL_PACKAGE_GROUP", "iris")
    with Stubber(aws.sagemaker()) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


@pytest.fixture
def cloudwatch() -> Iterator[Stubber]:
    with Stubber(aws.cloudwatch()) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def _waiting(sagemaker: Stubber, *arns: str) -> None:
    """These versions wait for a decision."""
    sagemaker.add_response(
        "list_model_packages",
        {"ModelPackageSummaryList": [{**_SUMMARY, "ModelPackageArn": arn} for arn in arns]},
        {
            "ModelPackageGroupName": "iris",
            "ModelApprovalStatus": "PendingManualApproval",
            "CreationTimeAfter": _STARTED,
        },
    )


def _of(sagemaker: Stubber, arn: str, *, execution: str) -> None:
    """A version is described."""
    answer = {
        "ModelPackageName": "iris",
        "ModelPackageArn": arn,
        "CreationTime": _STARTED,
        "ModelPackageStatus": "Completed",
        "ModelPackageStatusDetails": {"ValidationStatuses": []},
        "CustomerMetadataProperties": {"execution": execution},
    }
    sagemaker.add_response("describe_model_package", answer, {"ModelPackageName": arn})


def _expect(cloudwatch: Stubber, outcome: str, *, lead_time: float | None = None) -> None:
    model = {"Name": "Model", "Value": "iris"}
    data: list[dict[str, Any]] = [
        {
            "MetricName": "Releases",
            "Value": 1,
            "Unit": "Count",
            "Timestamp": _ENDED,
            "Dimensions": [model, {"Name": "Outcome", "Value": outcome}],
        }
    ]
    if lead_time is not None:
        data.append(
            {
                "MetricName": "LeadTime",
                "Value": lead_time,
                "Unit": "Seconds",
                "Timestamp": _ENDED,
                "Dimensions": [model],
            }
        )
    expected = {"Namespace": "ModelRelease", "MetricData": data}
    cloudwatch.add_response("put_metric_data", {}, expected)


@pytest.mark.parametrize(
    ("name", "changes", "outcome"),
    [
        ("failed", {}, "failed"),
        ("failed", {"error": "QualityGateFailed"}, "gateFailed"),
        ("failed", {"error": "ReleaseRejected"}, "rejected"),
        ("failed", {"error": "ApprovalTimedOut"}, "timedOut"),
        ("failed", {"error": "ReleaseSuperseded"}, "superseded"),
        ("failed", {"error": "EndpointRolledBack"}, "failed"),
        ("failed", {"error": None}, "failed"),
        ("aborted", {}, "aborted"),
        ("timed_out", {}, "stuck"),
        ("put_back", {}, "putBack"),
    ],
)
def test_every_end_is_counted_by_how_it_ended(
    sagemaker: Stubber, cloudwatch: Stubber, name: str, changes: dict[str, Any], outcome: str
) -> None:
    event = events.load(f"event_execution_{name}")
    event["detail"].update(changes, startDate=_DETAIL["startDate"], stopDate=_DETAIL["stopDate"])
    _waiting(sagemaker)
    _expect(cloudwatch, outcome)

    assert handle(event, None) == {"outcome": outcome, "rejected": []}


@pytest.mark.parametrize("given", [None, "not JSON", "[1]", '{"commitID": "1"}', "[" * 100_000])
def test_a_release_that_went_live_tells_how_long_it_took(
    sagemaker: Stubber, cloudwatch: Stubber, given: str | None
) -> None:
    event = events.load("event_execution_succeeded")
    event["detail"]["input"] = given
    _waiting(sagemaker)
    _expect(cloudwatch, "live", lead_time=1800.0)

    assert handle(event, None)["outcome"] == "live"


def test_a_version_that_nobody_decided_is_rejected(sagemaker: Stubber, cloudwatch: Stubber) -> None:
    # Given two undecided versions, one of them another execution's
    event = events.load("event_execution_aborted")
    arn = event["detail"]["executionArn"]
    event["detail"].update(startDate=_DETAIL["startDate"], stopDate=_DETAIL["stopDate"])
    _waiting(sagemaker, _OTHER, _ARN)
    _of(sagemaker, _OTHER, execution=f"{arn}-other")
    _of(sagemaker, _ARN, execution=arn)
    error = event["detail"]["error"]
    told = f" ({error})" if error else ""
    sagemaker.add_response(
        "update_model_package",
        {"ModelPackageArn": _ARN},
        {
            "ModelPackageArn": _ARN,
            "ModelApprovalStatus": "Rejected",
            "ApprovalDescription": f"Its release was stopped, before anybody decided{told}.",
        },
    )
    _expect(cloudwatch, "aborted")

    assert handle(event, None) == {"outcome": "aborted", "rejected": [_ARN]}


def test_a_release_that_took_too_long_is_not_said_to_lack_a_decision(
    sagemaker: Stubber, cloudwatch: Stubber
) -> None:
    event = events.load("event_execution_timed_out")
    arn = event["detail"]["executionArn"]
    event["detail"].update(startDate=_DETAIL["startDate"], stopDate=_DETAIL["stopDate"])
    _waiting(sagemaker, _ARN)
    _of(sagemaker, _ARN, execution=arn)
    told = "Its release took longer than the whole workflow may, before anybody decided."
    sagemaker.add_response(
        "update_model_package",
        {"ModelPackageArn": _ARN},
        {
            "ModelPackageArn": _ARN,
            "ModelApprovalStatus": "Rejected",
            "ApprovalDescription": told,
        },
    )
    _expect(cloudwatch, "stuck")

    assert handle(event, None) == {"outcome": "stuck", "rejected": [_ARN]}


def test_what_fails_is_not_counted_until_it_is_tried_again(
    sagemaker: Stubber, cloudwatch: Stubber
) -> None:
    event = events.load("event_execution_failed")
    sagemaker.add_client_error("list_model_packages", "ThrottlingException")

    # The stub for CloudWatch refuses any call
    with pytest.raises(TransientError):
        handle(event, None)

    _waiting(sagemaker)
    _expect(cloudwatch, "failed")
    assert handle(event, None)["outcome"] == "failed"


@pytest.mark.parametrize(
    "changes", [{"status": "RUNNING"}, {"executionArn": ""}, {"stopDate": None}]
)
@pytest.mark.usefixtures("sagemaker", "cloudwatch")
def test_what_is_no_end_is_refused(changes: dict[str, Any]) -> None:
    event = events.load("event_execution_failed")
    event["detail"].update(changes)
    with pytest.raises(InvalidEventError):
        handle(event, None)


def test_missing_variable_names_itself() -> None:
    with pytest.raises(InvalidEnvironmentError, match="MODEL_NAME"):
        handle(events.load("event_execution_failed"), None)
