"""Whether there is data, and whether it can be read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError
from shared.data_wanted import no_data
from shared.text import shorten
from shared.transient import error_name, is_transient

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectTypeDef

# A sample: what is wrong with a key or an archive is mostly wrong with all.
_MOST_READ = 20
_MOST_NAMED = 3
_MOST_KEY_CHARACTERS = 200
_STANDARD = "STANDARD"


def data_faults(s3: S3Client, *, bucket: str, prefix: str, name: str) -> Iterator[str]:
    """What is wrong with the data under a prefix, and what to do about it.

    Args:
        name: how a file for it may be called.

    Raises:
        botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: it cannot be listed, or
            what may pass by itself.
    """
    uri = f"s3://{bucket}/{prefix}"
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    found = [item for page in pages for item in page.get("Contents", []) if not _is_folder(item)]
    if problem := no_data([item["Size"] for item in found], uri=uri, name=name):
        yield problem
        return
    filled = [item for item in found if item["Size"]]
    # What lies in an archive is the likelier not to be readable.
    filled.sort(key=lambda item: item.get("StorageClass", _STANDARD) == _STANDARD)
    unreadable: list[str] = []
    for item in filled[:_MOST_READ]:
        if why := _unreadable(s3, bucket=bucket, key=item["Key"]):
            unreadable.append(f"{shorten(item['Key'], characters=_MOST_KEY_CHARACTERS)} ({why})")
    if unreadable:
        yield _told(unreadable, uri=uri)


def _is_folder(item: ObjectTypeDef) -> bool:
    """Whether it only shows a folder in the console.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-folders.html
    """
    return item["Key"].endswith("/") and item["Size"] == 0


def _unreadable(s3: S3Client, *, bucket: str, key: str) -> str:
    """The name of the error that its first byte is refused with; "" if it can be read."""
    try:
        s3.get_object(Bucket=bucket, Key=key, Range="bytes=0-0")["Body"].read()
    except ClientError as error:
        if is_transient(error):
            raise
        return "" if error_name(error) == "NoSuchKey" else error_name(error)
    return ""


def _told(unreadable: list[str], *, uri: str) -> str:
    named = ", ".join(unreadable[:_MOST_NAMED])
    more = len(unreadable) - _MOST_NAMED
    others = f", and {more} more" if more > 0 else ""
    return (
        f"Data under {uri} cannot be read: {named}{others}. InvalidObjectState is an archived "
        "object: restore it, or upload it again. AccessDenied is mostly an object under another "
        "KMS key: upload it again without naming a key, and the bucket's own is used. Then release "
        "again."
    )
