"""Container image references and whether ECR has them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from boto3.session import Session
from botocore.exceptions import ClientError

from local.sagemaker.errors import invalid

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import ImageIdentifierTypeDef, ImageTypeDef

_ECR_URI = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?"
    r"/(?P<repository>[a-z0-9._/-]+?)(?::(?P<tag>[\w.-]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
_PULL_ACTIONS = "ecr:BatchCheckLayerAvailability, ecr:BatchGetImage, ecr:GetDownloadUrlForLayer"
_MANIFEST_TYPES = [
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
]


@dataclass(frozen=True, kw_only=True)
class ImageReference:
    """`<account>.dkr.ecr.<region>.amazonaws.com/<repository>[:<tag>][@<digest>]`."""

    account: str
    region: str
    repository: str
    tag: str | None
    digest: str | None

    @classmethod
    def parse(cls, uri: str) -> ImageReference:
        """Raises a ValidationException for anything but an image in ECR."""
        match = _ECR_URI.fullmatch(uri)
        if match is None:
            raise invalid(
                f'Using non-ECR image "{uri}" without Vpc repository access mode is not supported.'
            )
        return cls(**match.groupdict())

    @property
    def registry(self) -> str:
        """The registry's host name on AWS."""
        return f"{self.account}.dkr.ecr.{self.region}.amazonaws.com"

    @property
    def suffix(self) -> str:
        """`:<tag>` or `@<digest>`; the digest wins, as in a registry."""
        return f"@{self.digest}" if self.digest else f":{self.tag or 'latest'}"

    @property
    def identifier(self) -> ImageIdentifierTypeDef:
        """The image as the ECR API names it."""
        if self.digest:
            return {"imageDigest": self.digest}
        return {"imageTag": self.tag or "latest"}


def find_image(session: Session, uri: str) -> ImageTypeDef | None:
    """The image's manifest as ECR stores it, or None. Raises ClientError, also when denied."""
    reference = ImageReference.parse(uri)
    answer = session.client("ecr").batch_get_image(
        registryId=reference.account,
        repositoryName=reference.repository,
        imageIds=[reference.identifier],
        acceptedMediaTypes=_MANIFEST_TYPES,
    )
    return answer["images"][0] if answer["images"] else None


def require_training_image(session: Session, *, uri: str, role_arn: str) -> None:
    """Raise what CreateTrainingJob answers when the role cannot find the image."""
    reference = ImageReference.parse(uri)
    rights = f"role {role_arn} has proper pull permissions for SageMaker: {_PULL_ACTIONS}"
    try:
        found = find_image(session, uri)
    except ClientError as error:
        raise invalid(
            f"Cannot find repository: {reference.repository} in registry ID: {reference.account} "
            f"Please check if your ECR repository exists and {rights} ({_reason(error)})"
        ) from error
    if found is None:
        raise invalid(
            f"Cannot find the requested image: {uri} "
            f"Please check if your ECR image exists and {rights}"
        )


def require_model_image(session: Session, *, uri: str, role_arn: str) -> None:
    """Raise what CreateModel answers when the role cannot find the image."""
    try:
        found = find_image(session, uri)
    except ClientError as error:
        if error.response["Error"]["Code"] == "RepositoryNotFoundException":
            raise invalid(f"Requested image {uri} not found.") from error
        raise invalid(
            f"Role {role_arn} cannot pull {uri}. Ensure that the role exists and the image was "
            f"granted pull permission. ({_reason(error)})"
        ) from error
    if found is None:
        raise invalid(f"Requested image {uri} not found.")


def _reason(error: ClientError) -> str:
    return f"{error.response['Error']['Code']}: {error.response['Error'].get('Message', '')}"
