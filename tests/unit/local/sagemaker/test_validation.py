"""Requests against the service model, in AWS's words."""

from __future__ import annotations

import re
from typing import Any

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.sagemaker.errors import ApiError
from local.sagemaker.validation import check_request, unserializable, violations

GOOD: dict[str, Any] = {
    "TransformJobName": "job-1",
    "ModelName": "model-1",
    "TransformInput": {
        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://data/test"}}
    },
    "TransformOutput": {"S3OutputPath": "s3://data/out"},
    "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
}


def test_a_good_request_has_no_violation() -> None:
    assert violations("CreateTransformJob", GOOD) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"ModelName": None}, "Value null at 'modelName' failed to satisfy constraint: "
         "Member must not be null"),
        ({"TransformJobName": "a_b"}, "Value 'a_b' at 'transformJobName' failed to satisfy "
         "constraint: Member must satisfy regular expression pattern: "
         "[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"),
        ({"BatchStrategy": "All"}, "Value 'All' at 'batchStrategy' failed to satisfy constraint: "
         "Member must satisfy enum value set: [MultiRecord, SingleRecord]"),
        ({"MaxPayloadInMB": -1}, "Value '-1' at 'maxPayloadInMB' failed to satisfy constraint: "
         "Member must have value greater than or equal to 0"),
        ({"TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 0}},
         "Value '0' at 'transformResources.instanceCount' failed to satisfy constraint: "
         "Member must have value greater than or equal to 1"),
        ({"TransformOutput": {}}, "Value null at 'transformOutput.s3OutputPath' failed to satisfy "
         "constraint: Member must not be null"),
        ({"Environment": {"1x": "y"}}, "Value '{'1x': 'y'}' at 'environment' failed to satisfy "
         "constraint: Map keys must satisfy constraint: [Member must satisfy regular expression "
         "pattern: [a-zA-Z_][a-zA-Z0-9_]{0,1023}]"),
        ({"Environment": {"X": "y" * 10241}}, "Map value must satisfy constraint: [Member must "
         "have length less than or equal to 10240]"),
        ({"Tags": [{"Key": "", "Value": "x"}]}, "Value '' at 'tags.1.member.key' failed to satisfy "
         "constraint: Member must have length greater than or equal to 1"),
        ({"MaxPayloadInMB": "6"}, "Value '6' at 'maxPayloadInMB' failed to satisfy constraint: "
         "String can not be converted to Integer"),
        ({"MaxPayloadInMB": True}, "Boolean can not be converted to Integer"),
        ({"Flavour": 1}, "Value '1' at 'flavour' failed to satisfy constraint: Unknown parameter, "
         "must be one of: TransformJobName, ModelName"),
    ],
)  # fmt: skip
def test_each_broken_constraint_is_named(change: dict[str, Any], expected: str) -> None:
    found = violations("CreateTransformJob", {**GOOD, **change})
    assert len(found) == 1
    assert expected in found[0]


def test_one_error_names_every_violation() -> None:
    with pytest.raises(ApiError) as refused:
        check_request("CreateModel", {"ModelName": "_" * 70})
    assert refused.value.code == "ValidationException"
    assert refused.value.message.startswith("2 validation errors detected: Value '____")
    assert "Member must have length less than or equal to 63; Value" in refused.value.message


def test_a_client_cannot_send_unknown_members_and_wrong_types() -> None:
    bad_name = {**GOOD, "TransformJobName": "a_b"}
    assert unserializable("CreateTransformJob", bad_name) == []
    assert len(unserializable("CreateTransformJob", {**bad_name, "X": 1, "Tags": "t"})) == 2


def test_an_unknown_operation_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(KeyError, match="no operation 'CreateCake'"):
        violations("CreateCake", {})


def test_every_pattern_of_the_model_but_the_surrogate_one_is_checked() -> None:
    from local.sagemaker.validation import _compiled

    model = botocore.session.get_session().get_service_model("sagemaker")
    patterns = {
        shape.metadata["pattern"]
        for name in model.shape_names
        if "pattern" in (shape := model.shape_for(name)).metadata
    }
    unchecked = [pattern for pattern in patterns if _compiled(pattern) is None]
    assert len(patterns) > 100
    assert all("\\uD800" in pattern for pattern in unchecked)


@pytest.mark.parametrize(("value", "good"), [("Größe 1", True), ("a#b", False), ("a@b", True)])
def test_unicode_classes_of_tags_are_exact(value: str, good: bool) -> None:
    found = violations(
        "AddTags",
        {
            "ResourceArn": "arn:aws:sagemaker:r:123456789012:model/x",
            "Tags": [{"Key": "k", "Value": value}],
        },
    )
    assert (found == []) is good


@given(st.text(max_size=80))
def test_names_pass_exactly_when_their_pattern_and_length_allow(name: str) -> None:
    allowed = re.fullmatch(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", name) and len(name) <= 63
    found = violations("CreateTransformJob", {**GOOD, "TransformJobName": name})
    assert (found == []) is bool(allowed)
