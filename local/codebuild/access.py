"""What a build does in its service role: fetch, store, log. IAM is asked about all of it."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boto3.session import Session
from botocore.exceptions import ClientError

from local.cloud.identities import Identities
from local.codebuild.artifacts import unpack
from local.codebuild.errors import PhaseError

_MANAGED_KEY = "alias/aws/s3"
_FLUSH_SECONDS = 1.0
_BATCH_BYTES = 200_000  # An event has at most 256 KB; a batch 1 MB and 10,000 events.
_BATCH_EVENTS = 5_000


@dataclass(frozen=True, kw_only=True)
class RoleAccess:
    """A service role's way to S3, which asks KMS in the role's name."""

    role: str
    identities: Identities

    def session(self) -> Session:
        """A boto3 session of the role."""
        return self.identities.session(self.role)

    def fetch(self, *, bucket: str, key: str, scratch: Path, folder: Path) -> None:
        """Unpack a zip from S3 into a folder.

        Raises:
            PhaseError: ACCESS_DENIED or CLIENT_ERROR, in the service's words.
        """
        scratch.mkdir(parents=True, exist_ok=True)
        archive = scratch / "source.zip"
        try:
            answer = self.session().client("s3").get_object(Bucket=bucket, Key=key)
            with archive.open("wb") as file:
                for block in answer["Body"].iter_chunks(1 << 20):
                    file.write(block)
        except ClientError as error:
            raise _phase_error(error, f"the source s3://{bucket}/{key}") from error
        folder.mkdir(parents=True, exist_ok=True)
        unpack(archive, folder)
        archive.unlink()

    def store(self, file: Path, *, bucket: str, key: str, encryption_key: str | None) -> None:
        """Put a file into S3, under a key or else S3's own.

        Raises:
            PhaseError: ACCESS_DENIED or CLIENT_ERROR, in the service's words.
        """
        encryption: dict[str, Any] = {"ServerSideEncryption": "aws:kms"}
        if encryption_key and encryption_key != _MANAGED_KEY:
            encryption["SSEKMSKeyId"] = encryption_key
        try:
            with file.open("rb") as body:
                self.session().client("s3").put_object(
                    Bucket=bucket, Key=key, Body=body, **encryption
                )
        except ClientError as error:
            raise _phase_error(error, f"the artifact s3://{bucket}/{key}") from error


class CloudWatchLog:
    """Carries what is added to a file to a log stream until it is closed."""

    def __init__(
        self, access: RoleAccess, *, group: str, stream: str, file: Path, start: int
    ) -> None:
        self._client = access.session().client("logs")
        self._group, self._stream, self._file = group, stream, file
        self._sent = start
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._carry, name=f"log {stream}", daemon=True)

    def open(self) -> None:
        """Make the stream and send the first lines.

        Raises:
            PhaseError: ACCESS_DENIED: the role may not.
        """
        try:
            self._make()
            self._send()
        except ClientError as error:
            raise PhaseError(
                "ACCESS_DENIED",
                "Service role does not allow CodeBuild to write Amazon CloudWatch Logs of the "
                f"build. Error message: {error.response['Error'].get('Message', error)}",
            ) from error
        self._thread.start()

    def close(self) -> None:
        """Send what is left."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def _make(self) -> None:
        names = {"logGroupName": self._group, "logStreamName": self._stream}
        try:
            self._client.create_log_stream(**names)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            self._client.create_log_group(logGroupName=self._group)
            self._client.create_log_stream(**names)

    def _carry(self) -> None:
        while not self._over.wait(_FLUSH_SECONDS):
            self._send_quietly()
        self._send_quietly()

    def _send_quietly(self) -> None:
        try:
            self._send()
        except ClientError:
            self._over.set()  # The stream was deleted; the file has it all.

    def _send(self) -> None:
        with self._file.open("rb") as file:
            file.seek(self._sent)
            while block := file.read(_BATCH_BYTES):
                whole = block[: block.rfind(b"\n") + 1] or block
                if not whole.endswith(b"\n") and not self._over.is_set():
                    break  # The rest of the line comes later.
                lines = whole.decode(errors="replace").splitlines(keepends=True)
                for first in range(0, len(lines), _BATCH_EVENTS):
                    self._put(lines[first : first + _BATCH_EVENTS])
                self._sent += len(whole)
                file.seek(self._sent)

    def _put(self, lines: list[str]) -> None:
        now = int(time.time() * 1000)
        self._client.put_log_events(
            logGroupName=self._group,
            logStreamName=self._stream,
            logEvents=[{"timestamp": now, "message": line} for line in lines],
        )


def _phase_error(error: ClientError, what: str) -> PhaseError:
    code = error.response["Error"].get("Code", "")
    message = error.response["Error"].get("Message", str(error))
    denied = "AccessDenied" in code or code == "403"
    return PhaseError("ACCESS_DENIED" if denied else "CLIENT_ERROR", f"{what}: {code}: {message}")
