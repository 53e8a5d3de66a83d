"""What people read of a model that was not trained again."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from answer_approval.facts import facts
from ask_approval.question import write_mail
from mail_outcome.inference import InferenceApi
from mail_outcome.messages import write_mail as write_outcome
from mail_outcome.outcome import read_outcome
from mail_outcome.serving import Standing
from shared.approvals import Approval
from shared.evidence import Evidence
from shared.fields import InvalidEventError
from shared.origin import NO_ORIGIN, Origin, origin_from_json
from shared.versions import Release, Version

from tests.unit.lambdas import events
from tests.unit.lambdas.approval_fakes import APPROVAL

_ARN = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/iris/6"
_ORIGIN = Origin(number=6, commit_id="0f9e8d7c", model_package_arn=_ARN)
_SENTENCE = "not trained again: the model of version 6 (commit 0f9e8d7c)"


def _approval() -> Approval:
    evidence = replace(Evidence.from_json(events.load("evidence")), trained_before=_ORIGIN)
    # As it is stored and read again
    stored = json.loads(json.dumps(evidence.to_json()))
    return replace(APPROVAL, evidence=Evidence.from_json(stored))


def test_the_question_says_so() -> None:
    mail = write_mail(
        _approval(),
        approver="ada@example.com",
        link="https://api.example.com/approvals/x",
        unconfirmed=[],
        others=(),
        is_reminder=False,
    )

    told = " ".join(mail.body.split())
    assert f"has been tested ({_SENTENCE}). May it be released?" in told
    assert "trained and tested" not in told


def test_the_page_says_so() -> None:
    assert f"; {_SENTENCE}</dd>" in facts(_approval())


@pytest.mark.parametrize(
    "event",
    [
        "mail_outcome_live",
        "mail_outcome_rejected",
        "mail_outcome_gate_failed",
        "mail_outcome_superseded",
        "mail_outcome_approval_timed_out",
        "mail_outcome_failed",
    ],
)
@pytest.mark.parametrize(
    ("told", "said"), [(_ORIGIN.to_json(), True), (NO_ORIGIN, False), ("nonsense", False)]
)
def test_every_outcome_says_so(event: str, told: object, said: bool) -> None:
    outcome = read_outcome({**events.load(event), "trainedBefore": told})
    api = InferenceApi(url="https://api.example.com/inference", access="iam", region="eu-west-1")

    mail = write_outcome(outcome, api=api, standing=Standing())

    assert (f"Training:  {_SENTENCE}" in mail.body) is said


def test_the_registry_keeps_it() -> None:
    release = Release(
        commit_id="1a2b3c4d",
        image_uri="image",
        execution_arn="execution",
        approval_id="approval",
        job_name="job",
        model_data="s3://release-data/models/job/output/model.tar.gz",
        evidence=_approval().evidence,
        fingerprint="8f14e45f",
    )
    package = {
        "ModelPackageArn": _ARN.replace("/6", "/9"),
        "CustomerMetadataProperties": release.properties(),
    }

    version = Version.from_package(package)  # type: ignore[arg-type]

    assert (version.trained_before, version.fingerprint) == (_ORIGIN, "8f14e45f")
    assert (version.training_job, version.number) == ("job", 9)


def test_an_older_release_says_nothing() -> None:
    stored = events.load("evidence")
    del stored["trainedBefore"]
    del stored["data"]["trainVersion"]

    evidence = Evidence.from_json(stored)

    assert (evidence.trained_before, evidence.data.train_version) == (None, "")


@pytest.mark.parametrize(
    "told", [5, {}, {"number": 6}, {"number": 6, "commitId": "", "modelPackageArn": _ARN}]
)
def test_what_cannot_be_read_is_named(told: object) -> None:
    with pytest.raises(InvalidEventError):
        origin_from_json({"trainedBefore": told})
