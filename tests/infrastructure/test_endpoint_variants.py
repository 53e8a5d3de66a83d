"""What the settings of endpoint and training change in the requests of the workflow."""

from __future__ import annotations

from typing import Any

import pytest

from local.sagemaker.validation import violations
from tests.infrastructure.answers import (
    PUT_BACK_INPUT,
    RELEASE_INPUT,
    all_well,
    endpoint,
    fails,
    gives,
)
from tests.infrastructure.execution import Walk, execute
from tests.infrastructure.policies import role
from tests.infrastructure.synthesis import Synthesis

_INPUT = {**RELEASE_INPUT, "committer": "ada@example.com"}


def _walk(synthesis: Synthesis, **changes: Any) -> Walk:  # noqa: ANN401 - answers
    answers = {
        **all_well(),
        "Look up the endpoint": endpoint("InService"),
        **{name.replace("_", " "): new for name, new in changes.items()},
    }
    return execute(synthesis.definition, _INPUT, answers=answers)


def test_a_linear_rollout_takes_its_steps(closed: Synthesis) -> None:
    walk = _walk(closed)

    update = walk.arguments("Update the endpoint")
    config = update["DeploymentConfig"]
    assert config["BlueGreenUpdatePolicy"] == {
        "TrafficRoutingConfiguration": {
            "Type": "LINEAR",
            "WaitIntervalInSeconds": 180,
            "LinearStepSize": {"Type": "CAPACITY_PERCENT", "Value": 25},
        },
        "TerminationWaitInSeconds": 0,
        "MaximumExecutionTimeoutInSeconds": 3600 + 4 * 180,
    }
    assert len(config["AutoRollbackConfiguration"]["Alarms"]) == 2  # errors and latency
    assert violations("UpdateEndpoint", update) == []


@pytest.mark.parametrize("variant", ["closed", "disposable"])
@pytest.mark.parametrize(
    "answer",
    [gives({}), fails("ApplicationAutoScaling.ObjectNotFoundException", "No scalable target")],
)
def test_what_is_not_to_scale_is_taken_off_the_scaling(
    request: pytest.FixtureRequest, variant: str, answer: object
) -> None:
    synthesis: Synthesis = request.getfixturevalue(variant)

    walk = _walk(synthesis, Stop_scaling_with_the_traffic=answer)

    assert walk.succeeded
    assert walk.arguments("Stop scaling with the traffic") == {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "endpoint/iris/variant/AllTraffic",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    # An update to other machines is refused while the endpoint scales.
    assert walk.visited.index("Stop scaling with the traffic") < walk.visited.index(
        "Update the endpoint"
    )
    assert "Scale with the traffic" not in synthesis.states
    assert "RetainAllVariantProperties" not in walk.arguments("Update the endpoint")


def test_scaling_that_cannot_be_stopped_is_told(closed: Synthesis) -> None:
    broken = fails("ApplicationAutoScaling.ValidationException", "No")

    walk = _walk(closed, Stop_scaling_with_the_traffic=broken)

    failure = walk.arguments("Mail the failure")["Payload"]["failure"]
    assert failure["state"] == "Stop scaling with the traffic"
    assert "Update the endpoint" not in walk.visited


@pytest.mark.parametrize("variant", ["closed", "disposable"])
def test_a_version_that_is_put_back_stops_the_scaling_too(
    request: pytest.FixtureRequest, variant: str
) -> None:
    synthesis: Synthesis = request.getfixturevalue(variant)
    answers = {**all_well(), "Look up the endpoint": endpoint("InService")}

    walk = execute(synthesis.definition, PUT_BACK_INPUT, answers=answers)

    looked = walk.visited.index("What does the endpoint do?")
    assert walk.visited[looked + 1 : looked + 3] == [
        "Stop scaling with the traffic",
        "Update the endpoint",
    ]


def test_a_new_endpoint_has_no_scaling_to_stop(closed: Synthesis) -> None:
    walk = _walk(closed, Look_up_the_endpoint=all_well()["Look up the endpoint"])

    assert walk.succeeded
    assert "Stop scaling with the traffic" not in walk.visited


def test_captured_data_is_encrypted_in_the_bucket(closed: Synthesis) -> None:
    request = _walk(closed).arguments("Create the endpoint configuration")

    assert request["DataCaptureConfig"] == {
        "EnableCapture": True,
        "InitialSamplingPercentage": 20,
        "DestinationS3Uri": "s3://databuckete6b0faa8/captured",
        "KmsKeyId": "arn:aws:kms:eu-west-1:123456789012:key/CustomerKeyA9FF30A4",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {
            "CsvContentTypes": ["text/csv"],
            "JsonContentTypes": ["application/json"],
        },
    }
    assert violations("CreateEndpointConfig", request) == []


def test_a_serverless_endpoint_has_memory_and_no_machines(disposable: Synthesis) -> None:
    request = _walk(disposable).arguments("Create the endpoint configuration")

    (variant,) = request["ProductionVariants"]
    assert variant == {
        "VariantName": "AllTraffic",
        "ModelName": variant["ModelName"],
        "ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 10},
    }
    assert violations("CreateEndpointConfig", request) == []


def test_a_serverless_endpoint_is_updated_without_guardrails(disposable: Synthesis) -> None:
    # https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails.html
    silent = fails("SmokeTestFailed", "No answer.")
    walk = _walk(disposable, Try_the_endpoint=silent)

    for state in ("Update the endpoint", "Put the last model back"):
        assert set(walk.arguments(state)) == {"EndpointName", "EndpointConfigName"}


def test_spot_training_waits_for_capacity_and_keeps_what_it_has_done(
    disposable: Synthesis,
) -> None:
    walk = execute(
        disposable.definition, _INPUT, answers=all_well(), retries={"Train the model": 1}
    )
    request = walk.arguments("Train the model")

    name = request["TrainingJobName"]
    assert request["EnableManagedSpotTraining"] is True
    assert request["StoppingCondition"] == {
        "MaxRuntimeInSeconds": 3600,
        "MaxWaitTimeInSeconds": 5400,
    }
    # The second attempt finds what the first one has left.
    assert name.endswith("-1")
    place = f"s3://databuckete6b0faa8/checkpoints/{name.removesuffix('-1')}/"
    assert request["CheckpointConfig"] == {"S3Uri": place}
    assert disposable.states["Train the model"]["TimeoutSeconds"] == 5400 + 1800
    assert violations("CreateTrainingJob", request) == []


def test_training_on_machines_of_its_own_asks_for_nothing_of_that(shipped: Synthesis) -> None:
    request = _walk(shipped).arguments("Train the model")

    assert not {"EnableManagedSpotTraining", "CheckpointConfig"} & set(request)
    assert request["StoppingCondition"] == {"MaxRuntimeInSeconds": 3600}


_BUCKET = "arn:aws:s3:::databuckete6b0faa8"


@pytest.mark.parametrize(
    ("variant", "prefix", "action", "resource"),
    [
        ("disposable", "SageMakerTrainingRole", "s3:GetObject", "checkpoints/iris--1/a"),
        ("disposable", "SageMakerTrainingRole", "s3:PutObject", "checkpoints/iris--1/a"),
        ("disposable", "SageMakerTrainingRole", "s3:DeleteObject", "checkpoints/iris--1/a"),
        ("closed", "SageMakerServingRole", "s3:PutObject", "captured/iris/AllTraffic/a.jsonl"),
    ],
)
def test_a_role_may_do_it_only_where_the_settings_ask_for_it(
    request: pytest.FixtureRequest,
    shipped: Synthesis,
    variant: str,
    prefix: str,
    action: str,
    resource: str,
) -> None:
    synthesis: Synthesis = request.getfixturevalue(variant)

    assert role(synthesis, prefix).allows(action, f"{_BUCKET}/{resource}")
    assert not role(shipped, prefix).allows(action, f"{_BUCKET}/{resource}")


def test_checkpoints_alone_may_be_deleted_and_listed(disposable: Synthesis) -> None:
    training = role(disposable, "SageMakerTrainingRole")

    assert training.allows("s3:ListBucket", _BUCKET, s3_prefix="checkpoints/iris--1/")
    for prefix in ("models", "train", "predictions"):
        assert not training.allows("s3:DeleteObject", f"{_BUCKET}/{prefix}/x")
    assert not training.allows("s3:GetObject", f"{_BUCKET}/captured/x")
