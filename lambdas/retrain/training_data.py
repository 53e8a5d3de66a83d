"""The training data as it is now, and when it last changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from inspect_data.objects import DataObject, data_version

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
        for item in page.get("Versions", []):
            if not item["IsLatest"] or (item["Key"].endswith("/") and item["Size"] == 0):
                continue
            times.append(item["LastModified"])
            objects.append(
                DataObject(
                    key=item["Key"],
                    version_id=item["VersionId"],
                    etag=item["ETag"].strip('"'),
                    size=item["Size"],
                )
            )
    data = data_version(train=objects, test=(), manifest_key="")
    return TrainingData(
        version=data.train_version, size=data.train_bytes, changed_at=max(times, default=None)
    )
