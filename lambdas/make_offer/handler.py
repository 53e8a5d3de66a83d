"""Workflow step: offer the model that has just gone live to the next environments."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from shared import aws, fields
from shared.evidence import Evidence
from shared.logs import log_event
from shared.offer import Artifact, Offer, bucket_and_key
from shared.transient import transient_errors_named

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def handle(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Write the offer; returns {"offerKey"}.

    The same run of the pipeline offers once: a release that is repeated in it replaces its offer.

    Raises:
        InvalidEventError, TransientError, botocore.exceptions.ClientError
    """
    bucket = fields.text(event, "bucket")
    key = fields.text(event, "offerKey")
    model_bucket, model_key = bucket_and_key(fields.text(event, "modelData"))
    evidence = Evidence.from_json(fields.mapping(event, "evidence"))
    with transient_errors_named():
        offer = Offer(
            commit_id=fields.text(event, "commitId"),
            image_uri=fields.text(event, "imageUri"),
            model=_artifact(aws.s3(), bucket=model_bucket, key=model_key),
            model_package_arn=fields.text(event, "modelPackageArn"),
            number=fields.whole_number(event, "number"),
            execution_arn=fields.text(event, "executionArn"),
            training_job=evidence.job_name,
            training_seconds=evidence.training.seconds,
            training_instance_type=evidence.training.instance_type,
            hyperparameters=evidence.hyperparameters,
            hyperparameters_left_off=evidence.hyperparameters_left_off,
            train_version=fields.optional_text(fields.mapping(event, "data"), "trainVersion"),
            train_objects=evidence.data.train_objects,
            train_bytes=evidence.data.train_bytes,
            metrics=evidence.evaluation.metrics,
        )
        aws.s3().put_object(
            Bucket=bucket,
            Key=key,
            Body=json.dumps(offer.to_json(), indent=1).encode(),
            ContentType="application/json",
        )
    log_event("offerMade", commitId=offer.commit_id, number=offer.number, offerKey=key)
    return {"offerKey": key}


def _artifact(s3: S3Client, *, bucket: str, key: str) -> Artifact:
    answer = s3.head_object(Bucket=bucket, Key=key)
    return Artifact(
        bucket=bucket,
        key=key,
        version_id=answer["VersionId"],
        etag=answer["ETag"].strip('"'),
        size=answer["ContentLength"],
    )
