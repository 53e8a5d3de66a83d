"""The version of data: a digest over everything that tells one object from another."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from shared.evidence import DataVersion

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
