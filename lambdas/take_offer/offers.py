"""The offer of the first environment, and whether it is of this run of the pipeline."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError
from shared.fields import InvalidEventError
from shared.offer import Offer

from take_offer.refusal import refusal_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class OfferMissing(Exception):  # noqa: N818 - the class name is the error name in the workflow
    """The first environment has made no offer, or none that can be read."""


class OfferDiffers(Exception):  # noqa: N818 - the class name is the error name in the workflow
    """What is offered is not what the pipeline has sent."""


def read_offer(s3: S3Client, *, bucket: str, key: str) -> Offer:
    """The offer under a key.

    Raises:
        OfferMissing: there is none, or it is no offer.
        OfferRefused: it may not be read.
        botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: as GetObject.
    """
    try:
        body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except s3.exceptions.NoSuchKey as error:
        raise OfferMissing(
            f"There is no offer s3://{bucket}/{key}: no release of this run of the pipeline has "
            "gone live in the first environment. Retry that stage of the pipeline first."
        ) from error
    except ClientError as error:
        # Without the right to list the bucket, S3 answers the same when there is no such object.
        if refused := refusal_of(error, f"s3://{bucket}/{key}"):
            raise refused from error
        raise
    try:
        return Offer.from_json(json.loads(body))
    except (InvalidEventError, TypeError, ValueError) as error:
        raise OfferMissing(
            f"s3://{bucket}/{key} is no offer that this environment can read ({error}). Retry the "
            "first environment's stage of the pipeline: it writes the offer anew."
        ) from error


def require_same(offer: Offer, *, commit_id: str, image_uri: str, bucket: str) -> None:
    """Refuse an offer of another commit or image, or of a file that is not the first's.

    Raises:
        OfferDiffers: the message says what was sent and what is offered.
    """
    for name, sent, offered in (
        ("commit", commit_id, offer.commit_id),
        ("image", image_uri, offer.image_uri),
        ("bucket", bucket, offer.model.bucket),
    ):
        if sent != offered:
            raise OfferDiffers(
                f"The pipeline sent {name} {sent}, but the first environment offers {offered}. "
                "Start the pipeline again, so that all environments get one image and model."
            )
