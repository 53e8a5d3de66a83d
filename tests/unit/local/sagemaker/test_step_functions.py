"""The Step Functions integrations on a real client."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from ministack.services.stepfunctions import _ExecutionError  # type: ignore[import-untyped]

from local.sagemaker.step_functions import (
    CLOUDWATCH_SDK,
    OPTIMIZED_PREFIX,
    SAGEMAKER_SDK,
    Handler,
    aws_sdk_integration,
    integration,
)
from tests.unit.local.sagemaker.conftest import Room
from tests.unit.local.sagemaker.fakes import IMAGE, ROLE

TRAIN_SYNC = f"{OPTIMIZED_PREFIX}createTrainingJob.sync"


@pytest.fixture
def aborted() -> threading.Event:
    return threading.Event()


@pytest.fixture
def optimized(room: Room, aborted: threading.Event) -> Handler:
    return integration(client=lambda: room.sagemaker, aborted=aborted.is_set)


@pytest.fixture
def aws_sdk(room: Room, aborted: threading.Event) -> Handler:
    return aws_sdk_integration(client=lambda: room.sagemaker, aborted=aborted.is_set)


def test_sync_waits_and_answers_the_description(room: Room, optimized: Handler) -> None:
    answer = optimized(TRAIN_SYNC, room.training_arguments())
    assert answer["TrainingJobStatus"] == "Completed"
    assert answer["ModelArtifacts"]["S3ModelArtifacts"].endswith("/output/model.tar.gz")
    assert isinstance(answer["CreationTime"], int)
    assert answer["CreationTime"] > 10**12  # milliseconds
    assert "ResponseMetadata" not in answer
    json.dumps(answer)


def test_request_response_answers_at_once(room: Room, optimized: Handler) -> None:
    answer = optimized(
        f"{OPTIMIZED_PREFIX}createModel",
        {"ModelName": "m1", "ExecutionRoleArn": ROLE, "PrimaryContainer": {"Image": IMAGE}},
    )
    assert list(answer) == ["ModelArn"]
    assert room.sagemaker.describe_model(ModelName="m1")["ModelArn"] == answer["ModelArn"]


def test_a_failed_job_is_a_failed_task_with_its_description(room: Room, optimized: Handler) -> None:
    with pytest.raises(_ExecutionError) as failed:
        optimized(TRAIN_SYNC, room.training_arguments(mode="fail"))
    assert failed.value.error == "States.TaskFailed"
    cause = json.loads(failed.value.cause)
    assert cause["TrainingJobStatus"] == "Failed"
    assert cause["FailureReason"] == "AlgorithmError: no labels, exit code: 3"


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"TrainingJobName": "a_b"}, "SageMaker.AmazonSageMakerException", "ValidationException"),
        ({"TrainingJobName": "Job-1"}, "SageMaker.ResourceInUseException", "ResourceInUse"),
    ],
)
def test_errors_of_the_api_have_the_optimized_integrations_names(
    room: Room, optimized: Handler, arguments: dict[str, str], error: str, text: str
) -> None:
    room.sagemaker.create_training_job(**room.training_arguments())
    room.training_ends()
    with pytest.raises(_ExecutionError) as failed:
        optimized(TRAIN_SYNC, {**room.training_arguments(), **arguments})
    assert failed.value.error == error
    assert f"Status Code: 400; Error Code: {text}" in failed.value.cause


@pytest.mark.parametrize(
    ("resource", "arguments"),
    [
        (f"{OPTIMIZED_PREFIX}createModel", {"ModelName": "m1", "Flavour": "x"}),
        (f"{OPTIMIZED_PREFIX}createModel", {"ModelName": 7}),
        (f"{OPTIMIZED_PREFIX}createModel.sync", {"ModelName": "m1"}),
        (f"{OPTIMIZED_PREFIX}deleteModel", {"ModelName": "m1"}),
        (f"{TRAIN_SYNC}.waitForTaskToken", {}),
    ],
)
def test_what_step_functions_itself_refuses(
    optimized: Handler, resource: str, arguments: dict[str, Any]
) -> None:
    with pytest.raises(_ExecutionError) as failed:
        optimized(resource, arguments)
    assert failed.value.error == "States.Runtime"


def test_an_abort_stops_the_job(room: Room, optimized: Handler, aborted: threading.Event) -> None:
    # Given a task that waits for a job in training
    raised: list[BaseException] = []

    def run() -> None:
        try:
            optimized(TRAIN_SYNC, room.training_arguments(mode="hang"))
        except _ExecutionError as error:
            raised.append(error)

    task = threading.Thread(target=run)
    task.start()
    log = room.cloud.state_dir / "logs" / "training-jobs" / "Job-1.log"
    room.until(
        lambda: {"log": log.read_text() if log.exists() else ""},
        lambda seen: "hanging" in seen["log"],
    )
    # When the execution is aborted
    aborted.set()
    task.join(10)
    # Then the task ends and the job is stopped
    assert len(raised) == 1
    assert room.training_ends()["TrainingJobStatus"] == "Stopped"


def test_aws_sdk_calls_and_their_error_names(room: Room, aws_sdk: Handler) -> None:
    room.model()
    found = aws_sdk(f"{SAGEMAKER_SDK.prefix}describeModel", {"ModelName": "m1"})
    assert found["ModelName"] == "m1"
    assert isinstance(found["CreationTime"], int)
    with pytest.raises(_ExecutionError, match="Could not find endpoint") as failed:
        aws_sdk(f"{SAGEMAKER_SDK.prefix}describeEndpoint", {"EndpointName": "none"})
    assert failed.value.error == "SageMaker.SageMakerException"
    room.sagemaker.create_training_job(**room.training_arguments())
    with pytest.raises(_ExecutionError) as failed:
        aws_sdk(f"{SAGEMAKER_SDK.prefix}createTrainingJob", room.training_arguments())
    assert failed.value.error == "SageMaker.ResourceInUseException"
    with pytest.raises(_ExecutionError, match="no operation") as failed:
        aws_sdk(f"{SAGEMAKER_SDK.prefix}bakeCake", {})
    assert failed.value.error == "States.Runtime"
    room.training_ends()


def test_aws_sdk_calls_of_cloudwatch(room: Room, aborted: threading.Event) -> None:
    room.cloudwatch.alarms["errors"] = "ALARM"
    describe = f"{CLOUDWATCH_SDK.prefix}describeAlarms"
    handler = aws_sdk_integration(
        client=lambda: room.cloudwatch, aborted=aborted.is_set, sdk=CLOUDWATCH_SDK
    )
    arguments = {"AlarmNames": ["errors"], "AlarmTypes": ["MetricAlarm", "CompositeAlarm"]}
    [alarm] = handler(describe, arguments)["MetricAlarms"]
    assert alarm == {"AlarmName": "errors", "StateValue": "ALARM"}
    # And a refusal is CloudWatch's
    room.cloudwatch.denied = True
    with pytest.raises(_ExecutionError, match="AccessDenied here") as failed:
        handler(describe, arguments)
    assert failed.value.error == "CloudWatch.CloudWatchException"
    with pytest.raises(_ExecutionError) as failed:
        handler(describe, {"Alarms": ["errors"]})
    assert failed.value.error == "States.Runtime"
