"""S3 and archive steps that jobs share."""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from local import archives

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class S3Uri:
    """`s3://bucket/key`; the key may be empty or a prefix."""

    bucket: str
    key: str

    @classmethod
    def parse(cls, uri: str) -> S3Uri:
        """Raises ValueError when the text is not an S3 URI."""
        scheme, _, rest = uri.partition("://")
        bucket, _, key = rest.partition("/")
        if scheme not in ("s3", "https") or not bucket:
            raise ValueError(f"{uri!r} is not an S3 URI; write s3://<bucket>/<key or prefix>")
        return cls(bucket, key)

    def join(self, *parts: str) -> S3Uri:
        """A key below this one."""
        head = [self.key.rstrip("/")] if self.key.strip("/") else []
        return S3Uri(self.bucket, "/".join([*head, *parts]))

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


def keys_under(client: S3Client, prefix: S3Uri) -> list[str]:
    """Keys of the objects below a prefix in S3's order, without folder markers."""
    pages = client.get_paginator("list_objects_v2").paginate(
        Bucket=prefix.bucket, Prefix=prefix.key
    )
    found = [item["Key"] for page in pages for item in page.get("Contents", [])]
    return [key for key in found if not key.endswith("/")]


def relative_key(prefix: S3Uri, key: str) -> str:
    """Where an object lies below its prefix; a prefix need not end at a folder."""
    rest = key.removeprefix(prefix.key)
    if rest and (not prefix.key or prefix.key.endswith("/") or rest.startswith("/")):
        return rest.lstrip("/")
    folder, slash, _ = prefix.key.rpartition("/")
    return key.removeprefix(folder + slash)


def exists(client: S3Client, uri: S3Uri) -> bool:
    """True when the object is there and readable for the client's role."""
    try:
        client.head_object(Bucket=uri.bucket, Key=uri.key)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "403", "NoSuchKey", "NoSuchBucket"):
            return False
        raise
    return True


def download(
    client: S3Client, *, uri: S3Uri, target: Path, between_chunks: Callable[[], None]
) -> None:
    """Write the object to `target`; `between_chunks` may raise to end the download."""
    target.parent.mkdir(parents=True, exist_ok=True)
    body = client.get_object(Bucket=uri.bucket, Key=uri.key)["Body"]
    with body, target.open("wb") as file:
        for chunk in body.iter_chunks(1 << 20):
            between_chunks()
            file.write(chunk)


def pack(folder: Path, archive: Path) -> None:
    """Write the folder's content, not the folder itself, as tar.gz."""
    with tarfile.open(archive, "w:gz") as tar:
        for item in sorted(folder.iterdir()):
            tar.add(item, arcname=item.name)


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a tar.gz into the folder. Raises tarfile.TarError for a broken or unsafe archive."""
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive, "r:*") as tar:
        archives.unpack(tar, folder)
