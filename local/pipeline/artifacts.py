"""Artifacts: zips in the store's bucket, fetched and put by the role of an action.

https://docs.aws.amazon.com/codepipeline/latest/userguide/welcome-introducing-artifacts.html
"""

from __future__ import annotations

import secrets
import shutil
import string
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from boto3.session import Session
from botocore.exceptions import BotoCoreError, ClientError

from local.codebuild.builds import ObjectLocation
from local.pipeline.definition import Store

_LETTERS = string.ascii_letters + string.digits


class ArtifactError(Exception):
    """An artifact that cannot be fetched, put or read; the text names it and says why."""


def new_key(*, pipeline: str, artifact: str) -> str:
    """A key as CodePipeline makes them: cut names, then a random one."""
    token = "".join(secrets.choice(_LETTERS) for _ in range(7))
    return f"{pipeline[:20]}/{artifact[:10]}/{token}"


class Artifacts:
    """The store as one role sees it; S3 asks IAM about the objects, and KMS about their key."""

    def __init__(self, store: Store, *, session: Session, role_arn: str) -> None:
        self._store = store
        self._session = session
        self._role_arn = role_arn

    def put(self, name: str, location: ObjectLocation, zipped: Path) -> None:
        """Put a zip. Raises ArtifactError."""
        key = self._store.key_arn
        encryption: dict[str, Any] = (
            {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key else {}
        )
        try:
            with zipped.open("rb") as body:
                self._session.client("s3").put_object(
                    Bucket=location.bucket,
                    Key=location.key,
                    Body=body,
                    ContentType="application/zip",
                    **encryption,
                )
        except (ClientError, BotoCoreError) as error:
            raise ArtifactError(
                self._told(name, "written (s3:PutObject)", location, error)
            ) from error

    def read(self, name: str, location: ObjectLocation, path: str) -> bytes:
        """A file of an artifact.

        Raises:
            ArtifactError: the artifact cannot be fetched, or has no such file.
        """
        with tempfile.TemporaryFile() as zipped:
            try:
                found = self._session.client("s3").get_object(
                    Bucket=location.bucket, Key=location.key
                )
                shutil.copyfileobj(found["Body"], zipped)
            except (ClientError, BotoCoreError) as error:
                raise ArtifactError(
                    self._told(name, "read (s3:GetObject)", location, error)
                ) from error
            try:
                with zipfile.ZipFile(zipped) as archive:
                    return archive.read(path)
            except KeyError:
                with zipfile.ZipFile(zipped) as archive:
                    there = sorted(archive.namelist())
            except zipfile.BadZipFile as error:
                raise ArtifactError(f"The artifact {name} is not a zip: {error}") from error
        shown = ", ".join(there[:10]) + (", …" if len(there) > 10 else "")
        raise ArtifactError(f"The artifact {name} has no file {path}; it has: {shown or 'nothing'}")

    def _told(self, name: str, done: str, at: ObjectLocation, error: Exception) -> str:
        return (
            f"The artifact {name} (s3://{at.bucket}/{at.key}) cannot be {done} by "
            f"{self._role_arn}: {error}"
        )
