"""The live model is found from its endpoint's tags; what is not to be had of it is said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from botocore.stub import Stubber
from find_live.handler import handle
from shared import aws
from shared.fields import InvalidEventError
from shared.transient import TransientError

from tests.unit.lambdas import events
from tests.unit.lambdas.live_report import emulated_bucket
from tests.unit.lambdas.sagemaker_answers import CONFIGURATION, SageMaker

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_EVENT = events.load("find_live")
_FOUND = events.load("gather_evidence")["live"]
_REPORT = {
    **events.load("gather_evidence")["evaluation"],
    "dataVersion": "1b2c3d4e5f60",
    "testVersion": _EVENT["data"]["testVersion"],
}


@pytest.fixture
def s3(sagemaker: SageMaker) -> Iterator[S3Client]:  # noqa: ARG001 - stubbed before moto begins
    with emulated_bucket(_EVENT["bucket"]) as client:
        yield client


def _put_report(s3: S3Client, **changes: object) -> None:
    body = json.dumps({**_REPORT, **changes}).encode()
    s3.put_object(Bucket=_EVENT["bucket"], Key=_FOUND["reportKey"], Body=body)


def _find(**changes: object) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(handle({**_EVENT, **changes}, None)))
    return found


def test_a_report_about_the_same_data_is_good_as_it_is(sagemaker: SageMaker, s3: S3Client) -> None:
    # Given an earlier release whose report is about the held-out data of today
    sagemaker.released()
    _put_report(s3)

    # Then it is found with everything that the next steps need
    assert _find() == _FOUND


def test_a_report_about_other_data_asks_for_another_comparison(
    sagemaker: SageMaker, s3: S3Client
) -> None:
    sagemaker.released()
    _put_report(s3, testVersion="000000000000")

    assert _find() == {**_FOUND, "kind": "otherData"}


def test_a_first_release_has_no_live_model(sagemaker: SageMaker) -> None:
    sagemaker.error("describe_endpoint", "ValidationException", 'Could not find endpoint "iris".')

    found = _find()

    assert found["kind"] == "none"
    assert set(found) == set(_FOUND)
    assert not [value for name, value in found.items() if name != "kind" and value]


@pytest.mark.parametrize("status", ["Failed", "OutOfService", "UpdateRollbackFailed", "Deleting"])
def test_an_endpoint_that_does_not_serve_is_said(sagemaker: SageMaker, status: str) -> None:
    sagemaker.endpoint(status)

    found = _find()

    assert found["kind"] == "unknown"
    assert f"state {status}" in found["problem"]


@pytest.mark.parametrize("status", ["Updating", "SystemUpdating", "RollingBack"])
def test_an_endpoint_that_changes_serves_what_it_had(
    sagemaker: SageMaker, s3: S3Client, status: str
) -> None:
    sagemaker.released(status)
    _put_report(s3)

    assert _find()["kind"] == "sameData"


@pytest.mark.parametrize(
    ("models", "tags"),
    [
        (("m",), {}),
        (("m",), {"commit": "0f9e8d7c"}),
        (("m",), {"evaluation": "report.json"}),
        (("m", "n"), {"commit": "0f9e8d7c", "evaluation": "report.json"}),
    ],
)
def test_a_configuration_that_is_not_ours_is_said(
    sagemaker: SageMaker, models: tuple[str, ...], tags: dict[str, str]
) -> None:
    sagemaker.endpoint().configuration(models=models, **tags)

    found = _find()

    assert found["kind"] == "unknown"
    assert CONFIGURATION in found["problem"]


def test_a_model_of_before_the_registry_has_no_version(sagemaker: SageMaker, s3: S3Client) -> None:
    tags = {"commit": _FOUND["commitId"], "evaluation": _FOUND["reportKey"]}
    sagemaker.endpoint().configuration(**tags)
    _put_report(s3)

    assert _find() == {**_FOUND, "modelPackageArn": ""}


def test_a_report_that_is_gone_is_said(
    sagemaker: SageMaker,
    s3: S3Client,  # noqa: ARG001
    capsys: pytest.CaptureFixture[str],
) -> None:
    sagemaker.released()

    found = _find()

    assert found["kind"] == "unknown"
    assert found["commitId"] in found["problem"]
    assert "NoSuchKey" in found["problem"]
    assert '"level": "WARNING", "event": "liveModelFound"' in capsys.readouterr().out


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no JSON",
        b"\xff",
        b"[]",
        b"{}",
        b"[" * 100_000,
        json.dumps({**_REPORT, "task": "clustering"}).encode(),
        json.dumps({**_REPORT, "rows": 10**400}).encode(),
        json.dumps({**_REPORT, "testVersion": None}).encode(),
        json.dumps({**_REPORT, "metrics": {"accuracy": 0.5}}).encode(),
        json.dumps({**_REPORT, "metrics": {**_REPORT["metrics"], "accuracy": 1.5}}).encode(),
        json.dumps({**_REPORT, "metrics": {**_REPORT["metrics"], "macroF1": 1e999}}).encode(),
    ],
    ids=range(12),
)
def test_a_report_that_is_none_is_said(sagemaker: SageMaker, s3: S3Client, body: bytes) -> None:
    sagemaker.released()
    s3.put_object(Bucket=_EVENT["bucket"], Key=_FOUND["reportKey"], Body=body)

    found = _find()

    assert found["kind"] == "unknown"
    assert "not a report" in found["problem"]


def test_another_task_cannot_be_compared(sagemaker: SageMaker, s3: S3Client) -> None:
    sagemaker.released()
    _put_report(s3, testVersion="000000000000")

    found = _find(task="regression")

    assert found["kind"] == "unknown"
    assert found["problem"] == "The live model does classification, the new one regression."


def test_the_task_may_be_left_out(sagemaker: SageMaker, s3: S3Client) -> None:
    sagemaker.released()
    _put_report(s3)

    assert _find(task=None)["kind"] == "sameData"


def test_lasting_errors_fail_no_release(sagemaker: SageMaker) -> None:
    sagemaker.error("describe_endpoint", "AccessDeniedException", "no")

    found = _find()

    assert found["kind"] == "unknown"
    assert "AccessDeniedException" in found["problem"]


@pytest.mark.parametrize(
    ("code", "status"), [("ThrottlingException", 400), ("InternalServerException", 500)]
)
@pytest.mark.parametrize("operation", ["describe_endpoint", "describe_endpoint_config"])
def test_what_passes_by_itself_is_tried_again_by_the_workflow(
    sagemaker: SageMaker, operation: str, code: str, status: int
) -> None:
    # Given an AWS that is throttling: a gate without a comparison would let a worse model pass
    if operation != "describe_endpoint":
        sagemaker.endpoint()
    sagemaker.error(operation, code, "no", status)

    with pytest.raises(TransientError, match=code):
        _find()


def test_a_report_that_cannot_be_read_for_now_is_tried_again(sagemaker: SageMaker) -> None:
    sagemaker.released()
    with Stubber(aws.s3()) as s3:
        s3.add_client_error("get_object", "SlowDown", http_status_code=503)

        with pytest.raises(TransientError, match="SlowDown"):
            _find()


def test_an_error_behind_the_endpoint_fails_no_release(sagemaker: SageMaker) -> None:
    sagemaker.endpoint().error("describe_endpoint_config", "ValidationException", "Could not find")

    assert _find()["kind"] == "unknown"


@pytest.mark.parametrize("field", ["endpointName", "bucket", "data"])
def test_missing_field_names_itself(field: str) -> None:
    with pytest.raises(InvalidEventError, match=field):
        handle({**_EVENT, field: None}, None)
