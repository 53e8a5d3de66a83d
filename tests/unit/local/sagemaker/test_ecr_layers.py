"""MiniStack's own ECR module with its layer uploads completed."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import importlib
import json
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from local.sagemaker.ecr_layers import keep_uploaded_layers

NAME = "ministack.services.ecr"


@pytest.fixture
def ecr() -> Iterator[ModuleType]:
    """A private copy of the module, so that no other test sees the change."""
    kept = sys.modules.pop(NAME, None)
    module = importlib.import_module(NAME)
    keep_uploaded_layers(module)
    yield module
    del sys.modules[NAME]
    if kept is not None:
        sys.modules[NAME] = kept


def call(ecr: ModuleType, action: str, **data: object) -> tuple[int, dict[str, Any]]:
    headers = {"x-amz-target": f"AmazonEC2ContainerRegistry_V20150921.{action}"}
    body = json.dumps({"repositoryName": "models", **data}).encode()
    status, _, content = asyncio.run(ecr.handle_request("POST", "/", headers, body, {}))
    return status, json.loads(content)


def upload(ecr: ModuleType, *parts: bytes, digest: str) -> tuple[int, dict[str, Any]]:
    identity = call(ecr, "InitiateLayerUpload")[1]["uploadId"]
    for part in parts:
        encoded = base64.b64encode(part).decode()
        call(ecr, "UploadLayerPart", uploadId=identity, layerPartBlob=encoded)
    return call(ecr, "CompleteLayerUpload", uploadId=identity, layerDigests=[digest])


def registry(ecr: ModuleType, path: str) -> tuple[int, bytes]:
    status, _, content = asyncio.run(ecr.handle_registry_request("GET", path, {}, b"", {}))
    return status, content


def sha(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def test_an_uploaded_layer_is_served_by_the_registry(ecr: ModuleType) -> None:
    call(ecr, "CreateRepository")
    digest = sha(b"layer one")
    status, answer = upload(ecr, b"layer", b" one", digest=digest)
    assert (status, answer["layerDigest"]) == (200, digest)
    assert registry(ecr, f"/v2/models/blobs/{digest}") == (200, b"layer one")


def test_an_image_put_by_the_api_is_served_by_the_registry(ecr: ModuleType) -> None:
    call(ecr, "CreateRepository")
    manifest = '{"schemaVersion": 2}'
    call(ecr, "PutImage", imageManifest=manifest, imageTag="abc")
    for reference in ("abc", sha(manifest.encode())):
        assert registry(ecr, f"/v2/models/manifests/{reference}") == (200, manifest.encode())


@pytest.mark.parametrize(
    ("parts", "kind"), [([b"x"], "InvalidLayerException"), ([], "EmptyUploadException")]
)
def test_a_wrong_upload_is_refused(ecr: ModuleType, parts: list[bytes], kind: str) -> None:
    call(ecr, "CreateRepository")
    status, answer = upload(ecr, *parts, digest=sha(b"other"))
    assert status == 400
    assert kind in answer["__type"]
