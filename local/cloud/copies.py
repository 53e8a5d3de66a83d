"""Copies of objects out of another account's bucket, which MiniStack looks for in one's own.

Who may read the source was asked before: `local.cloud.sharing` and `local.cloud.access`.
https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
"""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from ministack.core import iam_actions  # type: ignore[import-untyped]
from ministack.core.responses import (  # type: ignore[import-untyped]
    get_account_id,
    get_region,
    request_scope,
)
from ministack.services import s3  # type: ignore[import-untyped]

_source: contextvars.ContextVar[tuple[str, Any]] = contextvars.ContextVar("source", default=("", 0))


def correct() -> None:
    """Find the source wherever it is; call it once."""
    original = s3._ensure_bucket

    def ensure_bucket(name: str) -> Any:
        source, record = _source.get()
        return record if name == source else original(name)

    s3._ensure_bucket = ensure_bucket
    s3._copy_object = _from_anywhere(s3._copy_object)
    s3._upload_part_copy = _from_anywhere(s3._upload_part_copy)


def _from_anywhere(original: Callable[..., Any]) -> Callable[..., Any]:
    def copy(*arguments: Any) -> Any:
        *given, headers = arguments
        found = iam_actions._s3_source_object(headers)
        name, _, key = (found[0] if found else "").removeprefix("arn:aws:s3:::").partition("/")
        owner = s3._bucket_owner_account(name)
        if found is None or owner in (None, get_account_id()):
            return original(*arguments)
        with request_scope(owner, get_region()):
            bucket, record = s3._buckets[name], _object(name, key, found[1])
        if found[1] and record is None:
            text = "The specified version does not exist."
            return s3._error("NoSuchVersion", text, 404, f"/{name}/{key}")
        reset = _source.set((name, {**bucket, "objects": {key: record} if record else {}}))
        try:
            return original(*given, {**headers, "x-amz-copy-source": quote(f"/{name}/{key}")})
        finally:
            _source.reset(reset)

    return copy


def _object(bucket: str, key: str, version: str) -> Any:
    """An object, or one of its versions, with what is stored of it; None if it is not there."""
    if not version:
        return s3._buckets[bucket]["objects"].get(key)
    for found in s3._object_versions.get((bucket, key), []):
        if found["version_id"] == version and not found.get("is_delete_marker"):
            return s3._object_record_from_version(found)
    return None
