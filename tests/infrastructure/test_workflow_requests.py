"""What the workflow sends: SageMaker's own model and the functions' own parsers accept it.

The arguments come from a walk through the synthesized state machine, expressions evaluated.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from ask_approval.request import read_approval, write_mail
from mail_outcome.inference import InferenceApi
from mail_outcome.messages import write_mail as write_outcome
from mail_outcome.outcome import read_outcome
from shared import fields
from shared.mail import Mail

from local.sagemaker.validation import violations
from tests.infrastructure.answers import RELEASE_INPUT, walks
from tests.infrastructure.synthesis import Synthesis

_LONG_INPUT = {
    "commitID": "A" * 128,
    "imageUri": "r" * 184 + "@sha256:" + "9f" * 31 + "9",  # 255 characters
}
_API = InferenceApi(url="https://api.example.com/inference", access="iam", region="eu-west-1")


@pytest.fixture(scope="module")
def calls(definition: dict[str, Any]) -> list[tuple[str, Any]]:
    """(state, arguments) of every call in these executions."""
    return [
        call
        for release_input in (RELEASE_INPUT, _LONG_INPUT)
        for walk in walks(definition, release_input)
        for call in walk.calls
    ]


def _payloads(calls: list[tuple[str, Any]], state: str) -> list[dict[str, Any]]:
    # Lambda gets JSON: what JSON cannot hold would fail here.
    payloads = [json.loads(json.dumps(sent["Payload"])) for name, sent in calls if name == state]
    assert payloads
    return payloads


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
    for name, arguments in calls:
        resource = states[name]["Resource"].removeprefix("arn:aws:states:::")
        service, _, action = resource.removeprefix("aws-sdk:").partition(":")
        if service != "sagemaker":
            continue
        operation = action[0].upper() + action[1:].removesuffix(".sync")
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
    }


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


def test_each_lambda_state_calls_the_function_that_is_meant(
    shipped: Synthesis, calls: list[tuple[str, Any]]
) -> None:
    folders = {
        f"arn:aws:lambda:eu-west-1:123456789012:function:{logical_id}": function["Properties"][
            "Handler"
        ].split(".")[0]
        for logical_id, function in shipped.resources("AWS::Lambda::Function").items()
    }
    called = {name: folders[sent["FunctionName"]] for name, sent in calls if "FunctionName" in sent}

    assert called == {
        "Evaluate the predictions": "evaluate_predictions",
        "Ask for approval": "ask_approval",
        "Try the endpoint": "smoke_test",
        "Mail the inference link": "mail_outcome",
        "Mail the failure": "mail_outcome",
        "Mail the rejection": "mail_outcome",
        "Mail that nobody answered": "mail_outcome",
    }


def test_the_question_can_be_read_and_mailed(calls: list[tuple[str, Any]]) -> None:
    for payload in _payloads(calls, "Ask for approval"):
        approval = read_approval(payload, now=0)
        mail = write_mail(approval, api_url="https://api.example.com")

        assert approval.expires_at == 48 * 3600
        assert approval.predictions_uri.startswith("s3://databuckete6b0faa8/predictions/iris-")
        assert approval.approval_id in mail.body
        assert approval.task_token not in mail.body


def test_each_question_has_an_id_of_its_own(calls: list[tuple[str, Any]]) -> None:
    ids = [payload["approvalId"] for payload in _payloads(calls, "Ask for approval")]

    assert len(set(ids)) == len(ids)


def test_the_evaluation_knows_where_to_read_and_write(calls: list[tuple[str, Any]]) -> None:
    for payload in _payloads(calls, "Evaluate the predictions"):
        prefix = fields.text(payload, "predictionsPrefix")

        assert fields.text(payload, "bucket") == "databuckete6b0faa8"
        assert fields.text(payload, "reportKey") == f"{prefix}evaluation.json"
        assert prefix.startswith("predictions/iris-")


def test_the_smoke_test_knows_a_row_and_its_prediction(calls: list[tuple[str, Any]]) -> None:
    for payload in _payloads(calls, "Try the endpoint"):
        assert fields.text(payload, "row") == "5.9,3.0,5.1,1.8"
        assert fields.text(payload, "expected") == "virginica"


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("Mail the inference link", "live"),
        ("Mail the failure", "failed"),
        ("Mail the rejection", "rejected"),
        ("Mail that nobody answered", "approvalTimedOut"),
    ],
)
def test_each_outcome_can_be_read_without_gaps_and_mailed(
    calls: list[tuple[str, Any]], state: str, kind: str
) -> None:
    for payload in _payloads(calls, state):
        outcome = read_outcome(payload)
        mail = write_outcome(outcome, api=_API)

        assert outcome.kind == kind
        assert isinstance(mail, Mail)
        known = {outcome.model_name, outcome.commit_id, outcome.image_uri, outcome.execution_arn}
        assert "unknown" not in known
        assert (outcome.endpoint_name == "iris") is (kind in ("live", "failed"))
        assert (outcome.previous_configuration is not None) is (kind == "failed")
        assert (outcome.decision is not None) is (kind in ("live", "rejected"))
        assert (outcome.evaluation is not None) is (kind != "failed")
        if kind == "failed":
            assert outcome.failure.error in ("EndpointFailed", "States.Timeout")
