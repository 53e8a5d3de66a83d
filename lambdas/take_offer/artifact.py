"""The same bytes in another bucket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError
from shared.offer import Artifact

from take_offer.offers import OfferDiffers
from take_offer.refusal import refusal_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# S3 copies up to 5 GB in one call, and more in parts:
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/copy-object.html
_MIB = 1024 * 1024
_TRANSFER = TransferConfig(multipart_threshold=1024 * _MIB, multipart_chunksize=256 * _MIB)
_CHANGED = frozenset({"PreconditionFailed", "412", "NoSuchVersion", "NoSuchKey", "404"})


def copy_model(s3: S3Client, model: Artifact, *, bucket: str, key: str) -> None:
    """Copy the very version that was offered, inside of S3.

    Raises:
        OfferDiffers: the version is not there, or not what it was.
        OfferRefused: it may not be read.
        botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: as CopyObject.
    """
    try:
        s3.copy(
            {"Bucket": model.bucket, "Key": model.key, "VersionId": model.version_id},
            bucket,
            key,
            ExtraArgs={"CopySourceIfMatch": f'"{model.etag}"'},
            Config=_TRANSFER,
        )
        size = s3.head_object(Bucket=bucket, Key=key)["ContentLength"]
    except ClientError as error:
        if refused := refusal_of(error, model.uri):
            raise refused from error
        if error.response.get("Error", {}).get("Code") in _CHANGED:
            raise _differs(model, why=str(error)) from error
        raise
    if size != model.size:
        raise _differs(model, why=f"the copy has {size} bytes, not {model.size}")


def _differs(model: Artifact, *, why: str) -> OfferDiffers:
    return OfferDiffers(
        f"The offered model {model.uri} (version {model.version_id}) is not what it was: {why}. "
        "Start the pipeline again, so that the first environment offers one that is there."
    )
