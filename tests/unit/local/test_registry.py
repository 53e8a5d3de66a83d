"""The registry's door lets in whom IAM lets in."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from ministack import app  # type: ignore[import-untyped]
from ministack.core.responses import get_account_id, get_region  # type: ignore[import-untyped]
from ministack.services import ecr  # type: ignore[import-untyped]

from local.cloud.registry import Tokens, guard

DIGEST = f"sha256:{'a' * 64}"
ARN = "arn:aws:ecr:us-east-1:123456789012:repository/iris"


class Door:
    """The guarded registry and its API."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []
        self.refused = ""

    def refusal(self, access_key: str, action: str, arn: str) -> str | None:
        self.asked.append((access_key, action, arn))
        return "User: x is not authorized" if action == self.refused else None

    def api(self, operation: str, **arguments: Any) -> tuple[int, dict[str, Any]]:  # noqa: ANN401
        headers = {
            "x-amz-target": f"AmazonEC2ContainerRegistry_V20150921.{operation}",
            "authorization": "AWS4-HMAC-SHA256 Credential=AKIDOFROLE/20260101/us-east-1/ecr/aws4",
        }
        answer = ecr.handle_request("POST", "/", headers, json.dumps(arguments).encode(), {})
        status, _, body = asyncio.run(answer)
        return status, json.loads(body)

    def registry(self, method: str, path: str, *, login: str = "", link: str = "") -> int:
        headers = {"Authorization": f"Basic {login}"} if login else {}
        query = {"layer-token": [link]} if link else {}
        status, _, _ = asyncio.run(ecr.handle_registry_request(method, path, headers, b"", query))
        return int(status)

    def log_in(self) -> str:
        _, answer = self.api("GetAuthorizationToken")
        return str(answer["authorizationData"][0]["authorizationToken"])


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    for name in ("handle_request", "handle_registry_request", "_describe_images"):
        monkeypatch.setattr(ecr, name, getattr(ecr, name))
    monkeypatch.setitem(app.SERVICE_HANDLERS, "ecr", None)
    made = Door()
    guard(
        Tokens(),
        made.refusal,
        registry="localhost:1",
        region="us-east-1",
        account_id="123456789012",
    )
    ecr.reset()
    made.api("CreateRepository", repositoryName="iris")
    ecr._layer_blobs["iris"] = {DIGEST: b"layer"}
    yield made
    ecr.reset()


def test_nobody_comes_in_without_a_log_in(door: Door) -> None:
    assert door.registry("GET", "/v2/") == 401
    assert door.registry("GET", "/v2/iris/manifests/one") == 401
    forged = base64.b64encode(b"AWS:ministack-auth-token").decode()
    assert door.registry("GET", "/v2/", login=forged) == 401


@pytest.mark.parametrize(
    ("method", "path", "action"),
    [
        ("POST", "/v2/iris/blobs/uploads/", "ecr:InitiateLayerUpload"),
        ("PATCH", "/v2/iris/blobs/uploads/1", "ecr:UploadLayerPart"),
        ("PUT", "/v2/iris/blobs/uploads/1", "ecr:CompleteLayerUpload"),
        ("HEAD", f"/v2/iris/blobs/{DIGEST}", "ecr:BatchCheckLayerAvailability"),
        ("GET", f"/v2/iris/blobs/{DIGEST}", "ecr:GetDownloadUrlForLayer"),
        ("GET", "/v2/iris/manifests/one", "ecr:BatchGetImage"),
        ("PUT", "/v2/iris/manifests/one", "ecr:PutImage"),
    ],
)
def test_iam_is_asked_about_whoever_logged_in(
    door: Door, method: str, path: str, action: str
) -> None:
    login = door.log_in()
    assert door.registry("GET", "/v2/", login=login) == 200
    door.refused = action

    assert door.registry(method, path, login=login) == 403
    assert door.asked == [("AKIDOFROLE", action, ARN)]


def test_a_link_opens_its_layer_alone(door: Door) -> None:
    _, answer = door.api("GetDownloadUrlForLayer", repositoryName="iris", layerDigest=DIGEST)
    url, _, link = answer["downloadUrl"].partition("?layer-token=")

    host = f"{get_account_id()}.dkr.ecr.{get_region()}.amazonaws.com"
    assert url == f"https://localhost:1/v2/{host}/iris/blobs/{DIGEST}"
    assert door.registry("GET", f"/v2/iris/blobs/{DIGEST}", link=link) == 200
    assert door.registry("GET", f"/v2/iris/blobs/sha256:{'b' * 64}", link=link) == 401
    assert door.registry("GET", "/v2/iris/manifests/one", link=link) == 401


def test_an_image_that_is_not_there_is_missed(door: Door) -> None:
    status, answer = door.api(
        "DescribeImages", repositoryName="iris", imageIds=[{"imageTag": "none"}]
    )

    assert (status, answer["__type"]) == (400, "ImageNotFoundException")
    assert door.api("DescribeImages", repositoryName="iris")[0] == 200
