"""Workflow step: look at the data before a machine is paid for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from shared import aws, fields
from shared.data_objects import DataObject, data_version, manifest, there_now
from shared.data_wanted import no_data
from shared.logs import log_event
from shared.transient import transient_errors_named

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class NoTrainingData(Exception):  # noqa: N818 - the class name is the error name in the workflow
    """There is nothing to train on."""


class NoHeldOutData(Exception):  # noqa: N818 - see above
    """There is nothing to measure the model on."""


def handle(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """List the data under both prefixes, write the manifest, return the version.

    Without a prefix for training data, the model was trained elsewhere.

    Raises:
        InvalidEventError, NoTrainingData, NoHeldOutData, TransientError
    """
    bucket = fields.text(event, "bucket")
    train_prefix = fields.text(event, "trainPrefix") if "trainPrefix" in event else ""
    test_prefix = fields.text(event, "testPrefix")
    manifest_key = fields.text(event, "manifestKey")
    with transient_errors_named():
        s3 = aws.s3()
        train: list[DataObject] = []
        if train_prefix:
            train = list(_objects(s3, bucket=bucket, prefix=train_prefix))
            uri = f"s3://{bucket}/{train_prefix}"
            if problem := no_data([item.size for item in train], uri=uri, name="train.csv"):
                raise NoTrainingData(problem)
        test = list(_objects(s3, bucket=bucket, prefix=test_prefix))
        if problem := no_data(
            [item.size for item in test], uri=f"s3://{bucket}/{test_prefix}", name="test.csv"
        ):
            raise NoHeldOutData(problem)
        data = data_version(train=train, test=test, manifest_key=manifest_key)
        s3.put_object(
            Bucket=bucket,
            Key=manifest_key,
            Body=json.dumps(manifest(data, train=train, test=test), indent=1).encode(),
            ContentType="application/json",
        )
    log_event(
        "dataInspected",
        version=data.version,
        trainObjects=data.train_objects,
        trainBytes=data.train_bytes,
        testObjects=data.test_objects,
        testBytes=data.test_bytes,
        manifestKey=manifest_key,
    )
    return data.to_json()


def _objects(s3: S3Client, *, bucket: str, prefix: str) -> Iterator[DataObject]:
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix)
    return (DataObject.listed(item) for page in pages for item in there_now(page))
