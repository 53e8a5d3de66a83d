"""The three steps of an evaluation, run one after the other as the workflow runs them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import boto3
from measure_part.handler import handle as measure_part
from merge_parts.handler import handle as merge_parts
from plan_evaluation.handler import handle as plan_evaluation

from tests.unit.lambdas import events

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MERGE = events.load("merge_parts")
BUCKET, PREFIX = MERGE["bucket"], MERGE["predictionsPrefix"]


def bucket() -> S3Client:
    """A client of S3, where the bucket of the events is made."""
    client = boto3.client("s3")
    client.create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    return client


def put(s3: S3Client, name: str, content: bytes) -> None:
    """Write an object beside the predictions."""
    s3.put_object(Bucket=BUCKET, Key=PREFIX + name, Body=content)


def get_json(s3: S3Client, key: str) -> dict[str, Any]:
    """Read an object that is JSON."""
    content: dict[str, Any] = json.loads(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())
    return content


def evaluate(task: str = "classification") -> dict[str, Any]:
    """Plan, measure every part, merge; the summary that goes on through the workflow."""
    plan = plan_evaluation(events.load("plan_evaluation"), None)
    for part in range(plan["parts"]):
        assert measure_part(_part(part, task), None) == {}
    return merge_parts({**MERGE, "plan": plan, "task": task}, None)


def _part(part: int, task: str) -> Mapping[str, Any]:
    key = f"{MERGE['partialsPrefix']}{part}.json"
    return {**events.load("measure_part"), "part": part, "partialKey": key, "task": task}
