"""Workflow step: look whether the same training has been paid for already."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from shared import aws, fields
from shared.evidence import DataVersion
from shared.fingerprint import training_fingerprint
from shared.image import find_digest
from shared.logs import log_event
from shared.origin import NO_ORIGIN
from shared.transient import error_name, is_transient, transient_errors_named

from find_training.search import find_training

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient


def handle(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """The fingerprint of the training to come, and a version that has it already.

    Returns {"fingerprint", "found", "trainingJob", "modelData", "trainedBefore"}; the last three
    are empty where nothing is found. Nothing is looked for unless the event's `reuse` is true.

    Raises:
        InvalidEventError, TransientError, botocore.exceptions.ClientError
    """
    image_uri = fields.text(event, "imageUri")
    given = fields.mapping(event, "hyperparameters")
    data = DataVersion.from_json(fields.mapping(event, "data"))
    reuse = fields.flag(event, "reuse")
    found = None
    with transient_errors_named():
        fingerprint = training_fingerprint(
            image=_image(aws.ecr(), image_uri),
            train_version=data.train_version,
            hyperparameters={name: fields.optional_text(given, name) for name in given},
            instance_type=fields.text(event, "instanceType"),
        )
        if reuse:
            found = find_training(
                aws.sagemaker(),
                aws.s3(),
                group=fields.text(event, "groupName"),
                bucket=fields.text(event, "bucket"),
                prefix=fields.text(event, "modelsPrefix"),
                fingerprint=fingerprint,
            )
    log_event(
        "trainingLookedFor",
        fingerprint=fingerprint,
        found=found is not None,
        version=found.origin.number if found else None,
    )
    return {
        "fingerprint": fingerprint,
        "found": found is not None,
        "trainingJob": found.training_job if found else "",
        "modelData": found.model_data if found else "",
        "trainedBefore": found.origin.to_json() if found else dict(NO_ORIGIN),
    }


def _image(ecr: ECRClient, image_uri: str) -> str:
    """The digest, or the address of an image that has none: training says what is wrong with it.

    Raises:
        botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: what may pass by itself;
            a training must not be paid for twice because ECR was throttling.
    """
    try:
        return find_digest(ecr, image_uri=image_uri) or image_uri
    except (ClientError, BotoCoreError) as error:
        if is_transient(error):
            raise
        log_event("imageDigestUnknown", level="WARNING", reason=error_name(error))
        return image_uri
