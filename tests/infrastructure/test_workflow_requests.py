"""What the workflow sends: SageMaker's own model and the functions' own parsers accept it.

The arguments come from a walk through the synthesized state machine, expressions evaluated.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from ask_approval.question import write_mail
from ask_approval.request import Asked, read_request
from mail_outcome.inference import InferenceApi
from mail_outcome.messages import write_mail as write_outcome
from mail_outcome.outcome import read_outcome
from shared import fields
from shared.approvals import approval_id_of
from shared.evaluation import Evaluation
from shared.evidence import DataVersion
from shared.mail import Mail

from local.sagemaker.validation import violations
from tests.infrastructure.answers import DATA, EVALUATION, RELEASE_INPUT, walks
from tests.infrastructure.execution import EXECUTION
from tests.infrastructure.synthesis import Synthesis

_LONG_INPUT = {
    "commitID": "A" * 128,
    "imageUri": "r" * 184 + "@sha256:" + "9f" * 31 + "9",  # 255 characters
}
_ASKED = Asked(approvers=("ada@example.com",), approvals_required=1, committer_may_approve=True)
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
        "Look at the data": "inspect_data",
        "Evaluate the predictions": "evaluate_predictions",
        "Gather the evidence": "gather_evidence",
        "Ask for approval": "ask_approval",
        "Remind the approvers": "ask_approval",
        "Close the approval": "close_approval",
        "Try the endpoint": "smoke_test",
        "Mail the inference link": "mail_outcome",
        "Mail the failure": "mail_outcome",
        "Mail the rejection": "mail_outcome",
        "Mail that it was superseded": "mail_outcome",
        "Mail that nobody answered": "mail_outcome",
    }


@pytest.mark.parametrize(
    ("state", "is_reminder"), [("Ask for approval", False), ("Remind the approvers", True)]
)
def test_the_question_can_be_read_and_mailed(
    calls: list[tuple[str, Any]], state: str, is_reminder: bool
) -> None:
    for payload in _payloads(calls, state):
        request = read_request(payload, asked=_ASKED, now=0)
        approval = request.approval
        mail = write_mail(
            approval,
            approver="ada@example.com",
            link="https://api.example.com/approvals/x",
            unconfirmed=[],
            others=(),
            is_reminder=request.is_reminder,
        )

        assert request.is_reminder is is_reminder
        assert approval.expires_at == 48 * 3600
        assert approval.execution_arn == EXECUTION
        assert approval.task_token not in mail.body


def test_the_approval_to_close_is_the_one_of_the_execution(calls: list[tuple[str, Any]]) -> None:
    for payload in _payloads(calls, "Close the approval"):
        assert payload == {"approvalId": approval_id_of(EXECUTION)}


def test_the_data_that_is_looked_at_is_what_training_and_transform_read(
    calls: list[tuple[str, Any]],
) -> None:
    for payload in _payloads(calls, "Look at the data"):
        assert {name: fields.text(payload, name) for name in payload} == {
            "bucket": "databuckete6b0faa8",
            "trainPrefix": "train/",
            "testPrefix": "test/",
            "manifestKey": payload["manifestKey"],
        }
        assert re.fullmatch(r"manifests/iris--[a-z0-9-]+\.json", payload["manifestKey"])


def test_the_evidence_is_gathered_from_what_the_steps_before_have_left(
    calls: list[tuple[str, Any]],
) -> None:
    for payload in _payloads(calls, "Gather the evidence"):
        names = ("modelName", "commitId", "imageUri", "jobName", "bucket", "endpointName")
        texts = {name: fields.text(payload, name) for name in names}

        assert (texts["modelName"], texts["endpointName"]) == ("iris", "iris")
        assert texts["jobName"].startswith("iris--")
        assert Evaluation.from_json(fields.mapping(payload, "evaluation")).to_json() == EVALUATION
        assert DataVersion.from_json(fields.mapping(payload, "data")).to_json() == DATA


def test_the_evaluation_knows_where_to_read_and_write(calls: list[tuple[str, Any]]) -> None:
    for payload in _payloads(calls, "Evaluate the predictions"):
        prefix = fields.text(payload, "predictionsPrefix")

        assert fields.text(payload, "bucket") == "databuckete6b0faa8"
        assert fields.text(payload, "reportKey") == f"{prefix}evaluation.json"
        assert prefix.startswith("predictions/iris-")
        assert DataVersion.from_json(fields.mapping(payload, "data")).to_json() == DATA


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
        ("Mail that it was superseded", "superseded"),
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
        assert (outcome.decision is not None) is (kind != "failed")
        assert (outcome.evaluation is not None) is (kind != "failed")
        if kind == "failed":
            assert outcome.failure.error in ("EndpointFailed", "States.Timeout")
