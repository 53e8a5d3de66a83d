"""What the workflow sends to functions: their own parsers accept it, and mails can be written.

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
from mail_outcome.serving import Standing
from shared import fields
from shared.approvals import approval_id_of
from shared.evaluation import Evaluation
from shared.evidence import DataVersion, Evidence
from shared.live import FoundLive
from shared.mail import Mail
from shared.metrics import task_from_json

from tests.infrastructure.answers import DATA, EVALUATION, PLAN, SAME_TRAINING
from tests.infrastructure.execution import EXECUTION
from tests.infrastructure.synthesis import Synthesis

_ASKED = Asked(approvers=("ada@example.com",), approvals_required=1, committer_may_approve=True)
_API = InferenceApi(url="https://api.example.com/inference", access="iam", region="eu-west-1")


def _payloads(calls: list[tuple[str, Any]], state: str) -> list[dict[str, Any]]:
    # Lambda gets JSON: what JSON cannot hold would fail here.
    payloads = [json.loads(json.dumps(sent["Payload"])) for name, sent in calls if name == state]
    assert payloads
    return payloads


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
        "Check before paying": "preflight",
        "Look at the data": "inspect_data",
        "Look for the same training": "find_training",
        "Look at the data again": "inspect_data",
        "Plan the evaluation": "plan_evaluation",
        "Measure a part": "measure_part",
        "Merge the parts": "merge_parts",
        "Look at the live model": "find_live",
        "Plan the comparison": "plan_evaluation",
        "Measure a part of the comparison": "measure_part",
        "Merge the comparison": "merge_parts",
        "Gather the evidence": "gather_evidence",
        "Register the version": "register_version",
        "Mail that the gate stopped it": "mail_outcome",
        "Look up the version": "find_version",
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


def test_the_second_look_at_the_data_differs_in_the_manifest_only(
    calls: list[tuple[str, Any]],
) -> None:
    first, again = (_payloads(calls, f"Look at the data{more}")[0] for more in ("", " again"))

    assert again == {**first, "manifestKey": first["manifestKey"].replace(".json", "-again.json")}


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


@pytest.mark.parametrize(
    ("plan", "measure", "merge"),
    [
        ("Plan the evaluation", "Measure a part", "Merge the parts"),
        ("Plan the comparison", "Measure a part of the comparison", "Merge the comparison"),
    ],
)
def test_the_evaluation_knows_where_to_read_and_write(
    calls: list[tuple[str, Any]], plan: str, measure: str, merge: str
) -> None:
    for state in (plan, measure, merge):
        for payload in _payloads(calls, state):
            assert fields.text(payload, "bucket") == "databuckete6b0faa8"
            assert fields.text(payload, "predictionsPrefix").startswith("predictions/iris-")
            assert fields.text(payload, "planKey").endswith("/evaluation/plan.json")
    for payload in _payloads(calls, measure):
        assert fields.whole_number(payload, "part") in range(3)
        assert task_from_json(payload) == "classification"
    for payload in _payloads(calls, merge):
        prefix = fields.text(payload, "predictionsPrefix")
        assert fields.text(payload, "reportKey") == f"{prefix}evaluation.json"
        assert DataVersion.from_json(fields.mapping(payload, "data")).to_json() == DATA
        assert fields.mapping(payload, "plan") == PLAN
        assert task_from_json(payload) == "classification"


def test_what_is_said_of_the_live_model_can_be_read(calls: list[tuple[str, Any]]) -> None:
    kinds = set()
    for payload in _payloads(calls, "Gather the evidence"):
        found = FoundLive.from_json(fields.mapping(payload, "live"))
        kinds.add(found.kind)
        assert (fields.optional_text(payload, "liveReportKey") != "") == (found.kind == "otherData")

    assert kinds == {"none", "otherData", "unknown"}


def test_the_version_knows_where_it_comes_from(calls: list[tuple[str, Any]]) -> None:
    jobs = set()
    for payload in _payloads(calls, "Register the version"):
        evidence = Evidence.from_json(fields.mapping(payload, "evidence"))
        names = ("groupName", "modelName", "commitId", "imageUri", "jobName", "modelData")
        texts = {name: fields.text(payload, name) for name in names}

        assert evidence.to_json()["evaluation"] == EVALUATION
        assert (texts["groupName"], texts["modelName"]) == ("iris", "iris")
        jobs.add((texts["jobName"], texts["modelData"]))
        # The registry takes a token of at most 36 letters, digits and hyphens.
        assert re.fullmatch(r"[a-zA-Z0-9-]{1,36}", fields.text(payload, "approvalId"))
    taken_over = (SAME_TRAINING["trainingJob"], SAME_TRAINING["modelData"])
    assert taken_over in jobs
    for job, artifact in jobs - {taken_over}:
        assert artifact.endswith(f"/models/{job}/output/model.tar.gz")


def test_the_smoke_test_knows_a_row_and_its_prediction(calls: list[tuple[str, Any]]) -> None:
    for payload in _payloads(calls, "Try the endpoint"):
        assert fields.text(payload, "row") == "5.9,3.0,5.1,1.8"
        assert fields.text(payload, "expected") == "virginica"


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("Mail the inference link", "live"),
        ("Mail the inference link", "putBack"),
        ("Mail that the gate stopped it", "gateFailed"),
        ("Mail the failure", "failed"),
        ("Mail the rejection", "rejected"),
        ("Mail that it was superseded", "superseded"),
        ("Mail that nobody answered", "approvalTimedOut"),
    ],
)
def test_each_outcome_can_be_read_without_gaps_and_mailed(
    calls: list[tuple[str, Any]], state: str, kind: str
) -> None:
    told = [payload for payload in _payloads(calls, state) if payload["outcome"] == kind]
    assert told
    for payload in told:
        outcome = read_outcome(payload)
        mail = write_outcome(outcome, api=_API, standing=Standing())

        assert outcome.kind == kind
        assert isinstance(mail, Mail)
        known = {outcome.model_name, outcome.commit_id, outcome.image_uri, outcome.execution_arn}
        assert "unknown" not in known
        assert (outcome.endpoint_name == "iris") is (kind in ("live", "putBack", "failed"))
        assert (outcome.previous_configuration is not None) is (kind == "failed")
        assert (outcome.decision is not None) is (kind not in ("failed", "gateFailed"))
        assert (outcome.evaluation is not None) is (kind != "failed")
        assert (outcome.evidence is not None) is (kind == "gateFailed")
        if kind == "failed":
            errors = (
                "EndpointFailed",
                "EndpointUnhealthy",
                "HeldOutDataChanged",
                "SmokeTestFailed",
                "States.Timeout",
            )
            assert outcome.failure.error in errors
        else:
            assert outcome.version is not None
            assert outcome.version.number == ("6" if kind == "putBack" else "7")
            assert (outcome.reason != "") is (kind == "putBack")
