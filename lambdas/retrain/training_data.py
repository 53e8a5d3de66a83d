"""The training data as it is now, and when it last changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from shared.data_objects import DataObject, data_version, there_now

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True, kw_only=True)
class TrainingData:
    """What lies under a prefix.

    Attributes:
        version: as a release names it.
        size: of all objects, in bytes.
        changed_at: when the newest object came or the last one was deleted; None if nothing ever
            was there. A deletion for good leaves no trace.
    """

    version: str
    size: int
    changed_at: datetime | None


def look(s3: S3Client, *, bucket: str, prefix: str) -> TrainingData:
    """List what is there, without reading it; markers that show folders count for nothing.

    Raises:
        botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: as ListObjectVersions.
    """
    objects, times = [], []
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix)
    for page in pages:
        times += [
            mark["LastModified"] for mark in page.get("DeleteMarkers", []) if mark["IsLatest"]
        ]
        for item in there_now(page):
            times.append(item["LastModified"])
            objects.append(DataObject.listed(item))
    data = data_version(train=objects, test=(), manifest_key="")
    return TrainingData(
        version=data.train_version, size=data.train_bytes, changed_at=max(times, default=None)
    )
