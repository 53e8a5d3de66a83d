"""The bucket with the report of the live model, and the limits of the gate, for tests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import boto3
from moto import mock_aws

from tests.unit.lambdas import events

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_EVENT = events.load("gather_evidence")
LIVE = events.load("evidence")["live"]
REPORT = {**LIVE, "testVersion": _EVENT["data"]["testVersion"]}
GATE = json.dumps(
    {
        "thresholds": {"accuracy": 0.6, "worstRecall": 0.5},
        "allowedRegression": {"accuracy": 0.02},
    }
)


@contextmanager
def emulated_bucket(name: str) -> Iterator[S3Client]:
    """An empty bucket in an emulator of its own."""
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(
            Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        yield client


def put_report(s3: S3Client, *, key: str = LIVE["reportKey"], **changes: object) -> None:
    """The live model's report with parts replaced."""
    body = json.dumps({**REPORT, **changes}).encode()
    s3.put_object(Bucket=_EVENT["bucket"], Key=key, Body=body)
