"""The digest of an image: the one name that cannot come to mean another image."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from shared.logs import log_event
from shared.transient import error_name

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

_DIGEST = re.compile(r".+@(sha256:[0-9a-f]{64})")
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html
_TAGGED = re.compile(
    r"(?P<account>\d{12})\.dkr[.-]ecr[a-z0-9.-]*(?::\d+)?/"
    r"(?P<repository>[a-z0-9._/-]+):(?P<tag>[\w.-]{1,128})"
)


def find_digest(ecr: ECRClient, *, image_uri: str) -> str:
    """The digest in the address itself, else what Amazon ECR has under its tag.

    It is "" for an address that is none in Amazon ECR.

    Raises:
        botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: as DescribeImages.
    """
    if match := _DIGEST.fullmatch(image_uri):
        return match[1]
    tagged = _TAGGED.fullmatch(image_uri)
    if not tagged:
        log_event("imageDigestUnknown", level="WARNING", reason="not an address in Amazon ECR")
        return ""
    answer = ecr.describe_images(
        registryId=tagged["account"],
        repositoryName=tagged["repository"],
        imageIds=[{"imageTag": tagged["tag"]}],
    )
    return answer["imageDetails"][0].get("imageDigest", "") if answer["imageDetails"] else ""


def image_digest(ecr: ECRClient, *, image_uri: str) -> str:
    """What find_digest finds; "" if it cannot be looked up."""
    try:
        return find_digest(ecr, image_uri=image_uri)
    except (ClientError, BotoCoreError) as error:
        log_event("imageDigestUnknown", level="WARNING", reason=error_name(error))
        return ""
