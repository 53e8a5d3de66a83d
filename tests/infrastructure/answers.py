"""What AWS answers to the workflow when everything goes well."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.infrastructure.execution import Answer, TaskError, Walk, execute
from tests.infrastructure.intrinsics import ACCOUNT, REGION
from tests.unit.lambdas import events

REJECTED = {
    "decision": "rejected",
    "decidedBy": "Grace Hopper",
    "reason": "Too many false alarms",
    "decidedAt": "2026-11-22T14:30:00Z",
}
RELEASE_INPUT: Mapping[str, str] = {
    "commitID": "1a2b3c4d",
    "imageUri": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/iris@sha256:{'9f' * 32}",
}
EVALUATION: Mapping[str, Any] = events.load("ask_approval")["evaluation"]
APPROVED = {
    "decision": "approved",
    "decidedBy": "Ada Lovelace",
    "reason": "Good on all classes",
    "decidedAt": "2026-11-22T14:30:00Z",
}


def fails(error: str, cause: str = "") -> Answer:
    """An answer that is an error."""

    def answer(_: Mapping[str, Any]) -> None:
        raise TaskError(error=error, cause=cause)

    return answer


def gives(value: object) -> Answer:
    """An answer that is always the same."""
    return lambda _: value


def endpoint(status: str, configuration: str = "old", **more: str) -> Answer:
    """What DescribeEndpoint answers."""
    return gives({"EndpointStatus": status, "EndpointConfigName": configuration, **more})


def all_well() -> dict[str, Any]:
    """Answers for a first release that is approved; tests change what they are about."""
    made: dict[str, str] = {}

    def trained(arguments: Mapping[str, Any]) -> dict[str, Any]:
        name = arguments["TrainingJobName"]
        artifact = f"{arguments['OutputDataConfig']['S3OutputPath']}{name}/output/model.tar.gz"
        return {"TrainingJobName": name, "ModelArtifacts": {"S3ModelArtifacts": artifact}}

    def configured(arguments: Mapping[str, Any]) -> dict[str, str]:
        made["configuration"] = arguments["EndpointConfigName"]
        return {"EndpointConfigArn": "arn:aws:sagemaker:eu-west-1:123456789012:endpoint-config/x"}

    def serves(_: Mapping[str, Any]) -> dict[str, str]:
        return {"EndpointStatus": "InService", "EndpointConfigName": made["configuration"]}

    mailed = gives({"Payload": {"messageId": "m-1"}})
    return {
        "Train the model": trained,
        "Create the model": gives({"ModelArn": "arn:aws:sagemaker:eu-west-1:123:model/x"}),
        "Stop the training": gives({}),
        "Predict the held-out data": gives({"TransformJobStatus": "Completed"}),
        "Stop the predictions": gives({}),
        "Evaluate the predictions": gives({"Payload": dict(EVALUATION)}),
        "Ask for approval": gives(APPROVED),
        "Create the endpoint configuration": configured,
        "Look up the endpoint": fails(
            "SageMaker.SageMakerException", 'Could not find endpoint "iris".'
        ),
        "Create the endpoint": gives({"EndpointArn": "arn:aws:sagemaker:eu-west-1:123:x"}),
        "Update the endpoint": gives({"EndpointArn": "arn:aws:sagemaker:eu-west-1:123:x"}),
        "Delete the failed endpoint": gives({}),
        "Remove the failed endpoint": gives({}),
        "Check the endpoint": serves,
        "Try the endpoint": gives({"Payload": {"prediction": "virginica"}}),
        "Mail the inference link": mailed,
        "Mail the rejection": mailed,
        "Mail that nobody answered": mailed,
        "Mail the failure": mailed,
    }


def walks(definition: Mapping[str, Any], release_input: object = RELEASE_INPUT) -> list[Walk]:
    """Executions that together call every task."""
    gone = all_well()["Look up the endpoint"]
    changes: list[dict[str, Any]] = [
        {},
        {"Train the model": fails("States.Timeout")},
        {"Predict the held-out data": fails("States.Timeout")},
        {"Ask for approval": gives(REJECTED)},
        {"Ask for approval": fails("States.Timeout")},
        {"Look up the endpoint": endpoint("InService")},
        {"Look up the endpoint": [endpoint("Failed"), gone]},
        {"Check the endpoint": endpoint("Failed", FailureReason="No capacity")},
    ]
    return [
        execute(definition, release_input, answers={**all_well(), **change}) for change in changes
    ]
