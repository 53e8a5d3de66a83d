"""Workflow step: take image and model that the first environment has tried."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared import aws, fields
from shared.logs import log_event
from shared.origin import Origin
from shared.transient import transient_errors_named

from take_offer.artifact import copy_model
from take_offer.offers import read_offer, require_same


def handle(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Copy the model's file into the own bucket; returns what training would have left.

    Raises:
        InvalidEventError, OfferMissing, OfferRefused, OfferDiffers, TransientError,
        botocore.exceptions.ClientError
    """
    bucket = fields.text(event, "bucket")
    model_key = fields.text(event, "modelKey")
    offer_bucket = fields.text(event, "offerBucket")
    offer_key = fields.text(event, "offerKey")
    with transient_errors_named():
        s3 = aws.s3()
        offer = read_offer(s3, bucket=offer_bucket, key=offer_key)
        require_same(
            offer,
            commit_id=fields.text(event, "commitId"),
            image_uri=fields.text(event, "imageUri"),
            bucket=offer_bucket,
        )
        copy_model(s3, offer.model, bucket=bucket, key=model_key)
    log_event(
        "offerTaken",
        commitId=offer.commit_id,
        number=offer.number,
        offerKey=offer_key,
        bytes=offer.model.size,
    )
    return {
        "modelData": f"s3://{bucket}/{model_key}",
        "trainingJob": offer.training_job,
        "trainedBefore": Origin(
            number=offer.number,
            commit_id=offer.commit_id,
            model_package_arn=offer.model_package_arn,
            group=offer.model_package_arn.split("/")[-2],
        ).to_json(),
        "training": {
            "seconds": offer.training_seconds,
            "instanceType": offer.training_instance_type,
            "hyperparameters": dict(offer.hyperparameters),
            "hyperparametersLeftOff": offer.hyperparameters_left_off,
        },
        "trainData": offer.to_json()["trainData"],
    }
