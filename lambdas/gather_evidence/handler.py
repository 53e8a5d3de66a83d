"""Workflow step: put the evidence together before somebody is asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from shared import aws, fields
from shared.evaluation import Evaluation
from shared.evidence import DataVersion, Evidence
from shared.logs import log_event
from shared.text import shorten
from shared.transient import transient_errors_named

from gather_evidence.image import image_digest
from gather_evidence.live import read_live
from gather_evidence.training import Job, read_job

# A person needs a glimpse of the row only; the smoke test gets it from the evaluation itself.
_MAX_SAMPLE_ROW_CHARACTERS = 300
# SageMaker takes 100 hyperparameters of 2500 characters:
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html
_MAX_NAME_CHARACTERS = 100
_MAX_VALUE_CHARACTERS = 200
_MAX_HYPERPARAMETER_BYTES = 16_000


def handle(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Add to evaluation and data: the training job, the image's digest and the live model.

    Nothing about the live model can fail a release: what cannot be read is said in its place.

    Raises:
        InvalidEventError, TransientError
    """
    model_name = fields.text(event, "modelName")
    commit_id = fields.text(event, "commitId")
    image_uri = fields.text(event, "imageUri")
    job_name = fields.text(event, "jobName")
    bucket = fields.text(event, "bucket")
    endpoint_name = fields.text(event, "endpointName")
    evaluation = Evaluation.from_json(fields.mapping(event, "evaluation"))
    data = DataVersion.from_json(fields.mapping(event, "data"))
    sagemaker = aws.sagemaker()
    with transient_errors_named():
        job = read_job(sagemaker, job_name=job_name)
    live, problem = read_live(sagemaker, aws.s3(), endpoint_name=endpoint_name, bucket=bucket)
    evidence = _evidence(
        Evidence(
            evaluation=evaluation,
            job_name=job_name,
            bucket=bucket,
            image_digest=image_digest(aws.ecr(), image_uri=image_uri),
            data=data,
            hyperparameters={},
            training=job.training,
            live=live,
            live_problem=problem,
        ),
        job,
    )
    log_event(
        "evidenceGathered",
        modelName=model_name,
        commitId=commit_id,
        comparison=evidence.comparison,
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
        hyperparameters_left_off=len(job.hyperparameters) - len(shown),
    )
