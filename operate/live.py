"""What the model's endpoint serves now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from operate.registry import is_missing

if TYPE_CHECKING:
    from boto3.session import Session


@dataclass(frozen=True, kw_only=True)
class Live:
    """The endpoint and its configuration, which a release has tagged with where it comes from.

    Attributes:
        status: InService when requests are answered and nothing changes.
        pending: the configuration that it is being updated to, or "".
        changed_at: when the endpoint was last changed.
        tags: of the configuration.
    """

    endpoint: str
    status: str
    configuration: str
    pending: str
    changed_at: datetime
    tags: Mapping[str, str]

    @property
    def version_arn(self) -> str:
        """The registered version that serves; "" if it is not known."""
        return self.tags.get("version", "")

    @property
    def commit_id(self) -> str:
        """The commit that serves; "" if it is not known."""
        return self.tags.get("commit", "")


def read_live(session: Session, endpoint: str) -> Live | None:
    """What serves; None if there is no such endpoint."""
    client = session.client("sagemaker")
    try:
        answer = client.describe_endpoint(EndpointName=endpoint)
    except ClientError as error:
        if is_missing(error):
            return None
        raise
    configuration = answer["EndpointConfigName"]
    return Live(
        endpoint=endpoint,
        status=answer["EndpointStatus"],
        configuration=configuration,
        pending=answer.get("PendingDeploymentSummary", {}).get("EndpointConfigName", ""),
        changed_at=answer["LastModifiedTime"],
        tags=_tags(session, configuration),
    )


def _tags(session: Session, configuration: str) -> dict[str, str]:
    client = session.client("sagemaker")
    try:
        described = client.describe_endpoint_config(EndpointConfigName=configuration)
    except ClientError as error:
        if is_missing(error):
            return {}  # deleted while it serves
        raise
    arn = described["EndpointConfigArn"]
    pages = client.get_paginator("list_tags").paginate(ResourceArn=arn)
    return {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}
