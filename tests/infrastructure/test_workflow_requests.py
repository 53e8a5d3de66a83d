"""What the workflow sends to AWS: the services' own models accept it.

The arguments come from a walk through the synthesized state machine, expressions evaluated.
"""

from __future__ import annotations

from typing import Any

import botocore.session
from botocore.validate import ParamValidator

from local.sagemaker.validation import violations


def _requests(
    states: dict[str, Any], calls: list[tuple[str, Any]], service: str
) -> list[tuple[str, str, Any]]:
    """(state, operation, arguments) of the calls of a service."""
    found = []
    for name, arguments in calls:
        resource = states[name]["Resource"].removeprefix("arn:aws:states:::")
        of, _, action = resource.removeprefix("aws-sdk:").partition(":")
        if of == service:
            operation = action[0].upper() + action[1:].removesuffix(".sync")
            found.append((name, operation, arguments))
    return found


def test_these_executions_call_every_task(
    states: dict[str, Any], calls: list[tuple[str, Any]]
) -> None:
    tasks = {name for name, state in states.items() if state["Type"] == "Task"}

    assert {name for name, _ in calls} == tasks


def test_sagemaker_accepts_every_request(
    states: dict[str, Any], calls: list[tuple[str, Any]]
) -> None:
    refused: dict[str, list[str]] = {}
    checked: set[str] = set()
    for name, operation, arguments in _requests(states, calls, "sagemaker"):
        checked.add(operation)
        # The model's own limit of an image is 255 characters, the same as ours.
        if found := violations(operation, arguments):
            refused[name] = found

    assert refused == {}
    assert checked == {
        "CreateEndpoint",
        "CreateEndpointConfig",
        "CreateModel",
        "CreateTrainingJob",
        "CreateTransformJob",
        "DeleteEndpoint",
        "DescribeEndpoint",
        "StopTrainingJob",
        "StopTransformJob",
        "UpdateEndpoint",
        "UpdateModelPackage",
    }


def test_application_auto_scaling_accepts_every_request(
    states: dict[str, Any], calls: list[tuple[str, Any]]
) -> None:
    session = botocore.session.get_session()
    service = session.get_service_model("application-autoscaling")
    checked: set[str] = set()
    for _, operation, arguments in _requests(states, calls, "applicationautoscaling"):
        checked.add(operation)
        shape = service.operation_model(operation).input_shape
        assert shape is not None
        report = ParamValidator().validate(arguments, shape)
        assert report.generate_report() == ""
        for name, member in shape.members.items():
            allowed = member.metadata.get("enum", [])
            assert not allowed or arguments.get(name, allowed[0]) in allowed

    assert checked == {"RegisterScalableTarget", "PutScalingPolicy"}


def test_cloudwatch_accepts_every_request(
    states: dict[str, Any], calls: list[tuple[str, Any]]
) -> None:
    checked = _requests(states, calls, "cloudwatch")

    assert {operation for _, operation, _ in checked} == {"DescribeAlarms"}
    for _, operation, arguments in checked:
        assert violations(operation, arguments, "cloudwatch") == []
    assert violations("DescribeAlarms", {"StateValue": "RINGING"}, "cloudwatch")


def test_the_check_would_refuse_a_wrong_request(calls: list[tuple[str, Any]]) -> None:
    arguments = next(sent for name, sent in calls if name == "Train the model")

    assert violations("CreateTrainingJob", {**arguments, "TrainingJobName": "no spaces here"})
    assert violations("CreateTrainingJob", {**arguments, "HyperParameters": {"depth": 5}})


def test_the_label_is_kept_from_the_model_and_stands_beside_the_prediction(
    calls: list[tuple[str, Any]],
) -> None:
    arguments = next(sent for name, sent in calls if name == "Predict the held-out data")

    assert arguments["DataProcessing"] == {"InputFilter": "$[1:]", "JoinSource": "Input"}
    assert arguments["TransformInput"]["SplitType"] == "Line"
    assert arguments["TransformOutput"]["AssembleWith"] == "Line"


def test_training_and_test_data_are_different_data(calls: list[tuple[str, Any]]) -> None:
    training = next(sent for name, sent in calls if name == "Train the model")
    transform = next(sent for name, sent in calls if name == "Predict the held-out data")

    (channel,) = training["InputDataConfig"]
    trained_on = channel["DataSource"]["S3DataSource"]["S3Uri"]
    tested_on = transform["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]
    assert trained_on == "s3://databuckete6b0faa8/train/"
    assert tested_on == "s3://databuckete6b0faa8/test/"


def test_outputs_are_encrypted_with_the_customer_key(calls: list[tuple[str, Any]]) -> None:
    key = "arn:aws:kms:eu-west-1:123456789012:key/CustomerKeyA9FF30A4"
    sent = dict(calls)

    assert sent["Train the model"]["OutputDataConfig"]["KmsKeyId"] == key
    assert sent["Predict the held-out data"]["TransformOutput"]["KmsKeyId"] == key
