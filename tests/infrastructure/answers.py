"""What AWS answers to the workflow when everything goes well."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.infrastructure.execution import Answer, TaskError, Walk, execute
from tests.infrastructure.intrinsics import ACCOUNT, REGION
from tests.unit.lambdas import events


def _decision(
    decision: str, reason: str = "", **votes: str
) -> Mapping[str, str | list[dict[str, str]]]:
    """What waiting and closing states are told; votes by the name in an approver's address."""
    at = "2026-11-22T14:30:00Z"
    cast = [
        {"approver": f"{name}@example.com", "verdict": verdict, "reason": reason, "votedAt": at}
        for name, verdict in votes.items()
    ]
    deciding = [vote["approver"] for vote in cast if vote["verdict"] == decision]
    return {
        "decision": decision,
        "decidedBy": ", ".join(deciding),
        "reason": reason,
        "decidedAt": at,
        "votes": cast,
    }


APPROVED = _decision("approved", "Good on all classes", ada="approved")
REJECTED = _decision("rejected", "Too many false alarms", grace="rejected")
SUPERSEDED = _decision("superseded", "A newer release, commit 2b3c4d5e, takes its place")
EXPIRED = _decision("expired")
RELEASE_INPUT: Mapping[str, str] = {
    "commitID": "1a2b3c4d",
    "imageUri": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/iris@sha256:{'9f' * 32}",
}
EVIDENCE: Mapping[str, Any] = events.load("evidence")
EVALUATION: Mapping[str, Any] = EVIDENCE["evaluation"]
DATA: Mapping[str, Any] = EVIDENCE["data"]


def fails(error: str, cause: str = "") -> Answer:
    """An answer that is an error."""

    def answer(_: Mapping[str, Any]) -> None:
        raise TaskError(error=error, cause=cause)

    return answer


def gives(value: object) -> Answer:
    """An answer that is always the same."""
    return lambda _: value


def calls(value: object) -> Answer:
    """What a function returns, as the integration of Lambda reports it."""
    return gives({"StatusCode": 200, "Payload": value})


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

    mailed = calls({"messageId": "m-1"})
    return {
        "Look at the data": calls(DATA),
        "Train the model": trained,
        "Create the model": gives({"ModelArn": "arn:aws:sagemaker:eu-west-1:123:model/x"}),
        "Stop the training": gives({}),
        "Predict the held-out data": gives({"TransformJobStatus": "Completed"}),
        "Stop the predictions": gives({}),
        "Evaluate the predictions": calls(EVALUATION),
        "Gather the evidence": calls(EVIDENCE),
        "Ask for approval": gives(APPROVED),
        "Remind the approvers": gives(APPROVED),
        "Close the approval": calls(EXPIRED),
        "Create the endpoint configuration": configured,
        "Look up the endpoint": fails(
            "SageMaker.SageMakerException", 'Could not find endpoint "iris".'
        ),
        "Create the endpoint": gives({"EndpointArn": "arn:aws:sagemaker:eu-west-1:123:x"}),
        "Update the endpoint": gives({"EndpointArn": "arn:aws:sagemaker:eu-west-1:123:x"}),
        "Delete the failed endpoint": gives({}),
        "Remove the failed endpoint": gives({}),
        "Check the endpoint": serves,
        "Try the endpoint": calls({"prediction": "virginica"}),
        "Mail the inference link": mailed,
        "Mail the rejection": mailed,
        "Mail that it was superseded": mailed,
        "Mail that nobody answered": mailed,
        "Mail the failure": mailed,
    }


def walks(definition: Mapping[str, Any], release_input: object = RELEASE_INPUT) -> list[Walk]:
    """Executions that together call every task."""
    gone = all_well()["Look up the endpoint"]
    no_answer = fails("States.Timeout")
    changes: list[dict[str, Any]] = [
        {},
        {"Train the model": fails("States.Timeout")},
        {"Predict the held-out data": fails("States.Timeout")},
        {"Ask for approval": gives(REJECTED)},
        {"Ask for approval": gives(SUPERSEDED)},
        {"Ask for approval": no_answer, "Remind the approvers": gives(REJECTED)},
        {"Ask for approval": no_answer, "Remind the approvers": no_answer},
        {"Look up the endpoint": endpoint("InService")},
        {"Look up the endpoint": [endpoint("Failed"), gone]},
        {"Check the endpoint": endpoint("Failed", FailureReason="No capacity")},
    ]
    return [
        execute(definition, release_input, answers={**all_well(), **change}) for change in changes
    ]
