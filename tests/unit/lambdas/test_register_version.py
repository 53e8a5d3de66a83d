"""Every candidate becomes one version, whatever its parameters are called and however often."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from botocore.stub import ANY, Stubber
from hypothesis import given
from hypothesis import strategies as st
from register_version.handler import handle
from shared import aws
from shared.evidence import Evidence
from shared.fields import InvalidEventError
from shared.transient import TransientError
from shared.versions import Release, Version

from tests.unit.lambdas import events

_EVENT = events.load("register_version")
_ARN = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/iris/7"
_PROPERTIES = {
    "commit": "1a2b3c4d",
    "image": _EVENT["imageUri"],
    "imageDigest": _EVENT["imageUri"].partition("@")[2],
    "execution": _EVENT["executionArn"],
    "approval": _EVENT["approvalId"],
    "dataVersion": "4f1d8a0b2c3e",
    "testVersion": "77aa01bc93d2",
    "manifest": "predictions/1a2b3c4d-20261122-5f0e9c/data.json",
    "report": "predictions/1a2b3c4d-20261122-5f0e9c/evaluation.json",
    "trainVersion": "7a1c0d3e9b52",
    "trainingJob": "1a2b3c4d-20261122-5f0e9c",
    "fingerprint": "8f14e45fceea167a5a36dedd4bea2543",
    "task": "classification",
    "rows": "30",
    "gate": "passed",
    "metric.accuracy": "0.9666666666666667",
    "metric.macroF1": "0.9665831244778612",
    "metric.worstRecall": "0.9",
    "hyperparameter.max_leaf_nodes": "5",
}
_REQUEST: dict[str, Any] = {
    "ModelPackageGroupName": "iris",
    "ClientToken": _EVENT["approvalId"],
    "ModelApprovalStatus": "PendingManualApproval",
    "InferenceSpecification": {
        "Containers": [
            {
                "Image": _EVENT["imageUri"],
                "ImageDigest": _PROPERTIES["imageDigest"],
                "ModelDataUrl": _EVENT["modelData"],
            }
        ],
        "SupportedContentTypes": ["text/csv", "application/json"],
        "SupportedResponseMIMETypes": ["text/csv", "application/json"],
    },
    "ModelMetrics": {
        "ModelQuality": {
            "Statistics": {
                "ContentType": "application/json",
                "S3Uri": f"s3://release-data/{_PROPERTIES['report']}",
            }
        }
    },
    "MetadataProperties": {"CommitId": "1a2b3c4d", "GeneratedBy": _EVENT["executionArn"]},
    "CustomerMetadataProperties": _PROPERTIES,
}


@pytest.fixture
def sagemaker() -> Iterator[Stubber]:
    with Stubber(aws.sagemaker()) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


@pytest.fixture
def cloudwatch() -> Iterator[Stubber]:
    with Stubber(aws.cloudwatch()) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def _datum(name: str, value: float) -> dict[str, Any]:
    dimensions = [{"Name": "Model", "Value": "iris"}]
    return {
        "MetricName": name,
        "Value": value,
        "Unit": "None",
        "Timestamp": ANY,
        "Dimensions": dimensions,
    }


def test_the_version_says_where_it_comes_from_and_how_good_it_is(
    sagemaker: Stubber, cloudwatch: Stubber
) -> None:
    sagemaker.add_response("create_model_package", {"ModelPackageArn": _ARN}, _REQUEST)
    data = [
        _datum("Accuracy", 0.9666666666666667),
        _datum("MacroF1", 0.9665831244778612),
        _datum("WorstRecall", 0.9),
    ]
    expected = {"Namespace": "ModelRelease", "MetricData": data}
    cloudwatch.add_response("put_metric_data", {}, expected)

    assert handle(events.load("register_version"), None) == {"modelPackageArn": _ARN, "number": 7}


def test_a_regression_model_has_its_own_metrics(sagemaker: Stubber, cloudwatch: Stubber) -> None:
    # Given labels that are all the same, for which R² is not defined
    evidence = events.load("evidence_regression")
    evidence["evaluation"]["metrics"]["r2"] = None
    evidence["gate"]["passed"] = False
    sagemaker.add_response("create_model_package", {"ModelPackageArn": _ARN})
    cloudwatch.add_response("put_metric_data", {})
    asked: list[dict[str, Any]] = []
    for client in (aws.sagemaker(), aws.cloudwatch()):
        client.meta.events.register(
            "provide-client-params.*.*", lambda params, **_: asked.append(params)
        )

    handle(_EVENT | {"evidence": evidence}, None)

    properties = asked[0]["CustomerMetadataProperties"]
    assert properties["task"] == "regression"
    assert properties["gate"] == "failed"
    assert {name for name in properties if name.startswith("metric.")} == {
        "metric.rmse",
        "metric.mae",
    }
    assert [datum["MetricName"] for datum in asked[1]["MetricData"]] == ["Rmse", "Mae"]


def test_an_image_of_unknown_digest_is_registered_by_its_address(
    sagemaker: Stubber, cloudwatch: Stubber
) -> None:
    request = json.loads(json.dumps(_REQUEST))
    del request["InferenceSpecification"]["Containers"][0]["ImageDigest"]
    del request["CustomerMetadataProperties"]["imageDigest"]
    sagemaker.add_response("create_model_package", {"ModelPackageArn": _ARN}, request)
    cloudwatch.add_response("put_metric_data", {})

    event = events.load("register_version")
    event["evidence"]["imageDigest"] = ""
    assert handle(event, None)["number"] == 7


def test_metrics_that_nobody_takes_do_not_fail_a_release(
    sagemaker: Stubber, cloudwatch: Stubber, capsys: pytest.CaptureFixture[str]
) -> None:
    sagemaker.add_response("create_model_package", {"ModelPackageArn": _ARN}, _REQUEST)
    cloudwatch.add_client_error("put_metric_data", "AccessDenied")

    assert handle(_EVENT, None)["modelPackageArn"] == _ARN
    assert "metricsNotPublished" in capsys.readouterr().out


def test_a_throttled_registry_is_tried_again_with_the_same_token(
    sagemaker: Stubber, cloudwatch: Stubber
) -> None:
    sagemaker.add_client_error("create_model_package", "ThrottlingException")
    with pytest.raises(TransientError):
        handle(_EVENT, None)

    # When the workflow tries again, it is the same request to the letter: SageMaker sees its token
    sagemaker.add_response("create_model_package", {"ModelPackageArn": _ARN}, _REQUEST)
    cloudwatch.add_response("put_metric_data", {})
    assert handle(_EVENT, None)["number"] == 7


@pytest.mark.parametrize("name", sorted(set(_EVENT) - {"evidence", "fingerprint"}))
def test_a_missing_field_is_named(name: str) -> None:
    with pytest.raises(InvalidEventError, match=name):
        handle({**_EVENT, name: ""}, None)


def _release(hyperparameters: dict[str, str], **changes: str) -> Release:
    evidence = replace(Evidence.from_json(_EVENT["evidence"]), hyperparameters=hyperparameters)
    given = {
        "commit_id": _EVENT["commitId"],
        "image_uri": _EVENT["imageUri"],
        "execution_arn": _EVENT["executionArn"],
        "approval_id": _EVENT["approvalId"],
        "job_name": _EVENT["jobName"],
        "model_data": _EVENT["modelData"],
        "fingerprint": _EVENT["fingerprint"],
        **changes,
    }
    return Release(**given, evidence=evidence)


@given(hyperparameters=st.dictionaries(st.text(), st.text(max_size=400), max_size=60))
def test_any_hyperparameters_fit_into_the_registry(hyperparameters: dict[str, str]) -> None:
    properties = _release(hyperparameters).properties()

    # What SageMaker takes, with room for the decision that is added later
    assert len(properties) <= 46
    for name, value in properties.items():
        assert 1 <= len(name.encode("utf-16-le")) / 2 <= 128
        assert 1 <= len(value.encode("utf-16-le")) / 2 <= 256
        for character in name + value:
            assert character in "_.:/=+-@" or unicodedata.category(character)[0] in "LZN"
    # Nothing of where it comes from is lost to them
    facts = {name: value for name, value in _PROPERTIES.items() if "hyperparameter" not in name}
    assert facts.items() <= properties.items()


def test_values_are_kept_as_they_are_where_that_is_possible() -> None:
    properties = _release(
        {"rate": "1e-05", "layers": "[64, 32]", "name": "größe @ 3/4", "empty": " ", "nul": "a\0b"}
    ).properties()

    assert properties["hyperparameter.rate"] == "1e-05"
    assert properties["hyperparameter.layers"] == "_64_ 32_"
    assert properties["hyperparameter.name"] == "größe @ 3/4"
    assert properties["hyperparameter.nul"] == "a_b"
    assert "hyperparameter.empty" not in properties


def test_what_was_written_is_read() -> None:
    version = Version.from_package(
        {  # type: ignore[typeddict-item]
            "ModelPackageArn": _ARN,
            "ModelPackageVersion": 7,
            "ModelApprovalStatus": "Approved",
            "ApprovalDescription": "Good",
            "InferenceSpecification": _REQUEST["InferenceSpecification"],
            "CustomerMetadataProperties": {**_PROPERTIES, "decidedBy": "ada@example.com"},
        }
    )

    assert (version.number, version.status, version.description) == (7, "Approved", "Good")
    assert (version.image_uri, version.model_data) == (_EVENT["imageUri"], _EVENT["modelData"])
    assert version.commit_id == "1a2b3c4d"
    assert version.execution_arn == _EVENT["executionArn"]
    assert version.approval_id == _EVENT["approvalId"]
    assert version.data_version == "4f1d8a0b2c3e"
    assert version.report_key == _PROPERTIES["report"]
    assert (version.decided_by, version.decided_at) == ("ada@example.com", "")


def test_a_version_of_somebody_else_is_read_too() -> None:
    version = Version.from_package({"ModelPackageArn": _ARN})  # type: ignore[typeddict-item]

    assert (version.number, version.status) == (7, "PendingManualApproval")
    assert {version.commit_id, version.image_uri, version.report_key} == {""}
