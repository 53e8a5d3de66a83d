"""What AWS answers to the workflow when everything goes well."""

from __future__ import annotations

import json
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
NOT_GOOD_ENOUGH: Mapping[str, Any] = {
    **EVIDENCE,
    "gate": {
        **EVIDENCE["gate"],
        "passed": False,
        "summary": "Accuracy is 50.0 %, but must be at least 60.0 %.",
    },
}
PLAN: Mapping[str, Any] = {"parts": 3, "objects": 1, "predictionKeys": ["predictions/x/a.csv.out"]}
VERSION: Mapping[str, Any] = {
    "modelPackageArn": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/iris/7",
    "number": 7,
}
NO_LIVE_MODEL: Mapping[str, str] = {
    "kind": "none",
    "problem": "",
    "modelName": "",
    "commitId": "",
    "modelPackageArn": "",
    "reportKey": "",
    "task": "",
}
OTHER_DATA: Mapping[str, str] = {
    "kind": "otherData",
    "problem": "",
    "modelName": "iris--0f9e8d7c-0123456789ab-0",
    "commitId": "0f9e8d7c",
    "modelPackageArn": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/iris/6",
    "reportKey": "predictions/iris--0f9e8d7c-0123456789ab-0/evaluation.json",
    "task": "classification",
}
LIVE_REPORT_KEY = "predictions/iris--1a2b3c4d-0123456789ab-0-live/evaluation.json"
FOUND_VERSION: Mapping[str, Any] = {
    "commitId": "0f9e8d7c",
    "imageUri": RELEASE_INPUT["imageUri"],
    "modelData": "s3://databuckete6b0faa8/models/iris--0f9e8d7c-1/output/model.tar.gz",
    "approvalId": "0123456789abcdef0123456789abcdef",
    "modelPackageArn": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/iris/6",
    "number": 6,
    "evaluation": EVALUATION,
    "data": {"version": "4f1d8a0b2c3e"},
    "decision": {**APPROVED, "votes": []},
}
FINGERPRINT = "8f14e45fceea167a5a36dedd4bea2543"
NEW_TRAINING: Mapping[str, Any] = {
    "fingerprint": FINGERPRINT,
    "found": False,
    "trainingJob": "",
    "modelData": "",
    "trainedBefore": {"number": 0, "commitId": "", "modelPackageArn": ""},
}
SAME_TRAINING: Mapping[str, Any] = {
    "fingerprint": FINGERPRINT,
    "found": True,
    "trainingJob": "iris--0f9e8d7c-0123456789ab-0",
    "modelData": "s3://databuckete6b0faa8/models/iris--0f9e8d7c-1/output/model.tar.gz",
    "trainedBefore": {
        "number": 6,
        "commitId": "0f9e8d7c",
        "modelPackageArn": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/iris/6",
    },
}
PUT_BACK_INPUT: Mapping[str, str] = {
    "modelPackageArn": FOUND_VERSION["modelPackageArn"],
    "reason": "Too many false alarms since this morning",
}
SMOKE_TEST_CAUSE = json.dumps(
    {
        "errorMessage": 'Answered "setosa", not virginica.',
        "errorType": "SmokeTestFailed",
        "stackTrace": ["  File handler.py"],
    }
)


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


def endpoint(
    status: str, configuration: str = "iris--old", *, instances: int = 2, **more: str
) -> Answer:
    """What DescribeEndpoint answers."""
    variant = {"VariantName": "AllTraffic", "CurrentInstanceCount": instances}
    return gives(
        {
            "EndpointStatus": status,
            "EndpointConfigName": configuration,
            "ProductionVariants": [variant],
            **more,
        }
    )


RINGING = gives({"MetricAlarms": [{"AlarmName": "EndpointAlarmsErrors3D88A810"}]})
"""What DescribeAlarms answers while the live model fails."""


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

    def serves(_: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "EndpointStatus": "InService",
            "EndpointConfigName": made["configuration"],
            "ProductionVariants": [{"VariantName": "AllTraffic", "CurrentInstanceCount": 2}],
        }

    mailed = calls({"messageId": "m-1"})
    done = gives({"EndpointArn": "arn:aws:sagemaker:eu-west-1:123:x"})
    nothing = gives({})
    changed = gives({"ModelPackageArn": VERSION["modelPackageArn"]})
    return {
        "Check before paying": calls({"trains": True}),
        "Look at the data": calls(DATA),
        "Look for the same training": calls(NEW_TRAINING),
        "Train the model": trained,
        "Create the model": gives({"ModelArn": "arn:aws:sagemaker:eu-west-1:123:model/x"}),
        "Stop the training": nothing,
        "Predict the held-out data": gives({"TransformJobStatus": "Completed"}),
        "Stop the predictions": nothing,
        "Plan the evaluation": calls(PLAN),
        "Measure a part": calls({}),
        "Merge the parts": calls(EVALUATION),
        "Look at the live model": calls(NO_LIVE_MODEL),
        "Predict with the live model": gives({"TransformJobStatus": "Completed"}),
        "Stop the comparison": nothing,
        "Plan the comparison": calls(PLAN),
        "Measure a part of the comparison": calls({}),
        "Merge the comparison": calls({**EVALUATION, "reportKey": LIVE_REPORT_KEY}),
        "Look at the data again": calls(DATA),
        "Gather the evidence": calls(EVIDENCE),
        "Register the version": calls(VERSION),
        "Reject the version": changed,
        "Ask for approval": gives(APPROVED),
        "Remind the approvers": gives(APPROVED),
        "Close the approval": calls(EXPIRED),
        "Approve the version": changed,
        "Reject the undecided version": changed,
        "Reject the failed version": changed,
        "Look up the version": calls(FOUND_VERSION),
        "Create the model again": gives({"ModelArn": "arn:aws:sagemaker:eu-west-1:123:model/x"}),
        "Create the endpoint configuration": configured,
        "Look up the endpoint": fails(
            "SageMaker.SageMakerException", 'Could not find endpoint "iris".'
        ),
        "Create the endpoint": done,
        "Look at the alarms": gives({"MetricAlarms": [], "CompositeAlarms": []}),
        "Update the endpoint": done,
        "Delete the failed endpoint": nothing,
        "Remove the failed endpoint": nothing,
        "Check the endpoint": serves,
        "Scale with the traffic": gives({"ScalableTargetARN": "arn:aws:x"}),
        "Set the pace of scaling": gives({"PolicyARN": "arn:aws:x"}),
        "Stop scaling with the traffic": fails(
            "ApplicationAutoScaling.ObjectNotFoundException", "No scalable target found"
        ),
        "Try the endpoint": calls({"prediction": "virginica"}),
        "Note that it serves": changed,
        "Look before going back": serves,
        "Put the last model back": done,
        "Check the last model": endpoint("InService"),
        "Remove the failing endpoint": nothing,
        "Mail the inference link": mailed,
        "Mail that the gate stopped it": mailed,
        "Mail the rejection": mailed,
        "Mail that it was superseded": mailed,
        "Mail that nobody answered": mailed,
        "Mail the failure": mailed,
    }


def walks(definition: Mapping[str, Any], release_input: object = RELEASE_INPUT) -> list[Walk]:
    """Executions that together call every task."""
    gone = all_well()["Look up the endpoint"]
    no_answer = fails("States.Timeout")
    other_data = {"Look at the live model": calls(OTHER_DATA)}
    silent = {"Try the endpoint": fails("SmokeTestFailed", SMOKE_TEST_CAUSE)}
    changed = {**DATA, "testVersion": "another"}
    changes: list[dict[str, Any]] = [
        {},
        {"Look for the same training": calls(SAME_TRAINING)},
        {"Train the model": no_answer},
        {"Predict the held-out data": no_answer},
        other_data,
        {**other_data, "Predict with the live model": no_answer},
        {"Look at the data again": calls(changed)},
        {"Gather the evidence": calls(NOT_GOOD_ENOUGH)},
        {"Ask for approval": gives(REJECTED)},
        {"Ask for approval": gives(SUPERSEDED)},
        {"Ask for approval": no_answer, "Remind the approvers": gives(REJECTED)},
        {"Ask for approval": no_answer, "Remind the approvers": no_answer},
        {"Look up the endpoint": endpoint("InService")},
        {"Look up the endpoint": endpoint("InService"), "Look at the alarms": RINGING},
        {"Look up the endpoint": [endpoint("Failed"), gone]},
        {"Check the endpoint": endpoint("Failed", FailureReason="No capacity")},
        silent,
        {**silent, "Look up the endpoint": endpoint("InService")},
    ]
    made = [
        execute(definition, release_input, answers={**all_well(), **change}) for change in changes
    ]
    back = {"Look up the endpoint": endpoint("InService")}
    return [*made, execute(definition, PUT_BACK_INPUT, answers={**all_well(), **back})]
