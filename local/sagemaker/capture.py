"""Data capture: what an endpoint was asked and has answered, as JSON lines in S3.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-endpoint.html
"""

from __future__ import annotations

import base64
import datetime
import json
import logging
import random
import threading
import uuid
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.sagemaker import s3
from local.sagemaker.cloud import Cloud

logger = logging.getLogger(__name__)

_FLUSH_SECONDS = 1.0  # AWS gathers for minutes


@dataclass(frozen=True, kw_only=True)
class Payload:
    """One direction of an invocation."""

    content_type: str
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Invocation:
    """A successful invocation, and the role that writes it to S3."""

    endpoint: str
    variant: str
    role_arn: str
    request: Payload
    response: Payload


@dataclass(frozen=True, kw_only=True)
class _File:
    """Where lines of the same endpoint, variant and hour go."""

    role_arn: str
    uri: s3.S3Uri
    key_id: str | None


class Captures:
    """Gathers captured invocations and writes them about once a second."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._lines: dict[_File, list[str]] = defaultdict(list)
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, invocation: Invocation, config: Mapping[str, Any]) -> None:
        """Keep one invocation, if a DataCaptureConfig wants it."""
        if not config or not config.get("EnableCapture", True):
            return
        if random.random() * 100 >= config["InitialSamplingPercentage"]:  # noqa: S311 - a sample
            return
        moment = datetime.datetime.now(datetime.UTC)
        folder = s3.S3Uri.parse(config["DestinationS3Uri"]).join(
            invocation.endpoint, invocation.variant, f"{moment:%Y/%m/%d/%H}"
        )
        file = _File(role_arn=invocation.role_arn, uri=folder, key_id=config.get("KmsKeyId"))
        with self._lock:
            self._lines[file].append(_line(invocation, config, moment))
            if self._thread is None and not self._stop.is_set():
                self._thread = threading.Thread(
                    target=self._run, name="sagemaker-capture", daemon=True
                )
                self._thread.start()

    def shutdown(self) -> None:
        """Write what is left."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(_FLUSH_SECONDS):
            self._flush()
        self._flush()

    def _flush(self) -> None:
        with self._lock:
            gathered, self._lines = self._lines, defaultdict(list)
        for file, lines in gathered.items():
            moment = datetime.datetime.now(datetime.UTC)
            target = file.uri.join(f"{moment:%M-%S-%f}-{uuid.uuid4()}.jsonl")
            try:
                client = self._cloud.role_session(file.role_arn).client("s3")
                client.put_object(
                    Bucket=target.bucket,
                    Key=target.key,
                    Body="".join(lines).encode(),
                    **_encrypted(file.key_id),
                )
            except (ClientError, BotoCoreError) as error:
                # As on AWS, an endpoint serves on when its data cannot be captured.
                logger.warning("Captured data cannot be written to %s: %s", target, error)


def _encrypted(key_id: str | None) -> dict[str, Any]:
    return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key_id} if key_id else {}


def _line(invocation: Invocation, config: Mapping[str, Any], moment: datetime.datetime) -> str:
    headers = config.get("CaptureContentTypeHeader", {})
    modes = {option["CaptureMode"] for option in config["CaptureOptions"]}
    captured = {}
    if modes & {"Input", "InputAndOutput"}:
        captured["endpointInput"] = _captured(invocation.request, "INPUT", headers)
    if modes & {"Output", "InputAndOutput"}:
        captured["endpointOutput"] = _captured(invocation.response, "OUTPUT", headers)
    record = {
        "captureData": captured,
        "eventMetadata": {
            "eventId": str(uuid.uuid4()),
            "inferenceTime": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
        },
        "eventVersion": "0",
    }
    return json.dumps(record) + "\n"


def _captured(payload: Payload, mode: str, headers: Mapping[str, list[str]]) -> dict[str, str]:
    kind = payload.content_type.split(";")[0].strip().lower()
    encoding = "BASE64"
    if kind in headers.get("CsvContentTypes", ["text/csv"]):
        encoding = "CSV"
    elif kind in headers.get("JsonContentTypes", ["application/json"]):
        encoding = "JSON"
    data = (
        base64.b64encode(payload.body).decode()
        if encoding == "BASE64"
        else payload.body.decode(errors="replace")
    )
    return {
        "observedContentType": payload.content_type,
        "mode": mode,
        "data": data,
        "encoding": encoding,
    }
