"""Workflow step: put the evidence together before somebody is asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from shared import aws, fields
from shared.evaluation import Evaluation
from shared.evidence import DataVersion, Evidence
from shared.gate import judge
from shared.image import image_digest
from shared.live import FoundLive
from shared.logs import log_event
from shared.origin import origin_from_json
from shared.text import shorten
from shared.transient import transient_errors_named

from gather_evidence.environment import limits
from gather_evidence.live import live_model
from gather_evidence.training import Job, job_elsewhere, read_job

# A person needs a glimpse of the row only; the smoke test gets it from the evaluation itself.
_MAX_SAMPLE_ROW_CHARACTERS = 300
# SageMaker takes 100 hyperparameters of 2500 characters:
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html
_MAX_NAME_CHARACTERS = 100
_MAX_VALUE_CHARACTERS = 200
_MAX_HYPERPARAMETER_BYTES = 16_000


def handle(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Add to evaluation and data: the job, the image's digest, the live model, and the gate.

    What cannot be read of the live model for good is said in its place. What may pass by itself is
    raised, or the gate would do without a comparison.

    Raises:
        InvalidEventError, InvalidEnvironmentError, TransientError
    """
    demanded = limits()
    model_name = fields.text(event, "modelName")
    commit_id = fields.text(event, "commitId")
    image_uri = fields.text(event, "imageUri")
    job_name = fields.text(event, "jobName")
    bucket = fields.text(event, "bucket")
    evaluation = Evaluation.from_json(fields.mapping(event, "evaluation"))
    data = DataVersion.from_json(fields.mapping(event, "data"))
    found = FoundLive.from_json(fields.mapping(event, "live"))
    compared_key = fields.optional_text(event, "liveReportKey")
    with transient_errors_named():
        job = job_elsewhere(event) or read_job(aws.sagemaker(), job_name=job_name)
        live, problem = live_model(
            aws.s3(),
            found,
            bucket=bucket,
            compared_key=compared_key,
            task=evaluation.task,
            test_version=data.test_version,
        )
    gate = judge(
        demanded,
        metrics=evaluation.metrics,
        live=live.metrics if live else None,
        live_problem=problem,
    )
    evidence = _evidence(
        Evidence(
            evaluation=evaluation,
            job_name=job_name,
            bucket=bucket,
            image_digest=image_digest(aws.ecr(), image_uri=image_uri),
            data=data,
            hyperparameters={},
            training=job.training,
            gate=gate,
            live=live,
            live_problem=problem,
            trained_before=origin_from_json(event),
        ),
        job,
    )
    log_event(
        "evidenceGathered",
        modelName=model_name,
        commitId=commit_id,
        comparison=evidence.comparison,
        gatePassed=gate.passed,
        liveCommitId=live.commit_id if live else None,
    )
    return evidence.to_json()


def _evidence(evidence: Evidence, job: Job) -> Evidence:
    """The evidence with what has no bound of its own cut to size."""
    shown: dict[str, str] = {}
    for name, value in sorted(job.hyperparameters.items()):
        short = shorten(name, characters=_MAX_NAME_CHARACTERS)
        more = {**shown, short: shorten(value, characters=_MAX_VALUE_CHARACTERS)}
        if len(json.dumps(more)) <= _MAX_HYPERPARAMETER_BYTES:
            shown = more
    row = evidence.evaluation.sample_row[:_MAX_SAMPLE_ROW_CHARACTERS]
    return replace(
        evidence,
        evaluation=replace(evidence.evaluation, sample_row=row),
        hyperparameters=shown,
        hyperparameters_left_off=job.left_off + len(job.hyperparameters) - len(shown),
    )
