"""S3, as the functions of the evaluation use it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from evaluation.plan import MAX_OBJECTS, too_many_objects
from evaluation.rows import OUTPUT_SUFFIX

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_PIECE_BYTES = 512 * 1024


class Bucket:
    """One bucket that holds predictions, the plan, partial results and the report."""

    def __init__(self, s3: S3Client, name: str) -> None:
        self._s3 = s3
        self._name = name

    def predictions(self, prefix: str) -> list[tuple[str, int]]:
        """Key and size of each object that the batch transform wrote, in the order of keys.

        Raises:
            TooManyPredictionObjects
        """
        found: list[tuple[str, int]] = []
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._name, Prefix=prefix)
        for page in pages:
            for item in page.get("Contents", []):
                if item["Key"].endswith(OUTPUT_SUFFIX):
                    found.append((item["Key"], item["Size"]))
            if len(found) > MAX_OBJECTS:
                raise too_many_objects()
        return found

    def read(self, key: str, start: int, end: int) -> Iterator[bytes]:
        """The bytes of an object from start up to, not including, end, as they come.

        https://docs.aws.amazon.com/AmazonS3/latest/userguide/range-get-olap.html
        """
        # A generator: the object is opened when its turn comes, not while the others are read.
        answer = self._s3.get_object(Bucket=self._name, Key=key, Range=f"bytes={start}-{end - 1}")
        body = answer["Body"]
        try:
            yield from body.iter_chunks(_PIECE_BYTES)
        finally:
            body.close()

    def get(self, key: str) -> bytes:
        """The whole of a small object."""
        return self._s3.get_object(Bucket=self._name, Key=key)["Body"].read()

    def put_json(self, key: str, content: bytes) -> None:
        """Write JSON."""
        self._s3.put_object(
            Bucket=self._name, Key=key, Body=content, ContentType="application/json"
        )
