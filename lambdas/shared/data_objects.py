"""The version of data: a digest over everything that tells one object from another."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from shared.evidence import DataVersion

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ListObjectVersionsOutputTypeDef, ObjectVersionTypeDef

_VERSION_DIGITS = 12


@dataclass(frozen=True, order=True, slots=True)
class DataObject:
    """One object of data, as S3 lists it; size in bytes.

    version_id is "null" in a bucket without versions: the ETag then tells contents apart.
    """

    key: str
    version_id: str
    etag: str
    size: int

    @classmethod
    def listed(cls, item: ObjectVersionTypeDef) -> Self:
        """The object as ListObjectVersions has it."""
        return cls(
            key=item["Key"],
            version_id=item["VersionId"],
            etag=item["ETag"].strip('"'),
            size=item["Size"],
        )


def there_now(page: ListObjectVersionsOutputTypeDef) -> Iterator[ObjectVersionTypeDef]:
    """What is there now: older versions are passed over, as are the markers that show folders.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-folders.html
    """
    for item in page.get("Versions", []):
        if item["IsLatest"] and not (item["Key"].endswith("/") and item["Size"] == 0):
            yield item


def data_version(
    *, train: Sequence[DataObject], test: Sequence[DataObject], manifest_key: str
) -> DataVersion:
    """The version of these objects; the order in which they were listed plays no part."""
    return DataVersion(
        version=_digest([*train, *test]),
        test_version=_digest(test),
        train_version=_digest(train),
        train_objects=len(train),
        train_bytes=sum(item.size for item in train),
        test_objects=len(test),
        test_bytes=sum(item.size for item in test),
        manifest_key=manifest_key,
    )


def manifest(
    data: DataVersion, *, train: Iterable[DataObject], test: Iterable[DataObject]
) -> dict[str, Any]:
    """Every object, so that this data can be found again."""
    return {
        "version": data.version,
        "testVersion": data.test_version,
        "trainVersion": data.train_version,
        "train": [_entry(item) for item in sorted(train)],
        "test": [_entry(item) for item in sorted(test)],
    }


def _entry(item: DataObject) -> dict[str, str | int]:
    return {
        "key": item.key,
        "versionId": item.version_id,
        "etag": item.etag,
        "size": item.size,
    }


def _digest(objects: Iterable[DataObject]) -> str:
    digest = hashlib.sha256()
    for item in sorted(objects):
        # JSON marks where a value ends: "a" and "bc" are not "ab" and "c".
        digest.update(json.dumps([item.key, item.version_id, item.etag, item.size]).encode())
    return digest.hexdigest()[:_VERSION_DIGITS]
