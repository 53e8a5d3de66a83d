"""IAM before the door that container engines push to and pull from.

As on AWS a log-in is a token of GetAuthorizationToken, and whoever got it is asked for the ECR
actions behind each request: https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html
"""

from __future__ import annotations

import base64
import json
import secrets
import threading
from collections.abc import Callable, Mapping
from typing import Any

from ministack import app  # type: ignore[import-untyped]
from ministack.core.responses import get_account_id, get_region  # type: ignore[import-untyped]
from ministack.core.router import extract_access_key_id  # type: ignore[import-untyped]
from ministack.services import ecr  # type: ignore[import-untyped]

Response = tuple[int, dict[str, str], bytes]
Refusal = Callable[[str, str, str], str | None]
"""(access key, action, ARN) -> why it is refused, or None."""

_DOWNLOAD = "GetDownloadUrlForLayer"
_LINK = "layer-token"
_UPLOADS = {
    "POST": "ecr:InitiateLayerUpload",
    "PATCH": "ecr:UploadLayerPart",
    "PUT": "ecr:CompleteLayerUpload",
    "GET": "ecr:UploadLayerPart",
    "DELETE": "ecr:UploadLayerPart",
}
_BLOBS = {"HEAD": "ecr:BatchCheckLayerAvailability", "GET": "ecr:GetDownloadUrlForLayer"}
_MANIFESTS = {"HEAD": "ecr:BatchGetImage", "GET": "ecr:BatchGetImage", "PUT": "ecr:PutImage"}
_ACTIONS: Mapping[str, Mapping[str, str]] = {
    "blob_uploads": _UPLOADS,
    "blob_upload_session": _UPLOADS,
    "blob": _BLOBS,
    "manifest": _MANIFESTS,
    "tags_list": {"GET": "ecr:ListImages"},
}


OPERATOR = "operator"
"""Who runs the cloud, and pulls for SageMaker, which asks for the roles itself."""


class Tokens:
    """Whose log-in a token is."""

    def __init__(self) -> None:
        self._access_keys: dict[str, str] = {}
        self._layers: dict[str, str] = {}
        self._lock = threading.Lock()

    def issue(self, access_key: str) -> str:
        """A new token for whoever holds an access key."""
        token = secrets.token_urlsafe(32)
        with self._lock:
            self._access_keys[token] = access_key
        return token

    def access_key(self, authorization: str) -> str | None:
        """The access key behind an `Authorization: Basic` header; None of any other."""
        kind, _, value = authorization.partition(" ")
        if kind.lower() != "basic":
            return None
        try:
            user, _, token = base64.b64decode(value).decode().partition(":")
        except ValueError:
            return None
        return self._access_keys.get(token) if user == "AWS" else None

    def link(self, layer_digest: str) -> str:
        """A token that fetches one layer, for a URL of GetDownloadUrlForLayer."""
        token = secrets.token_urlsafe(32)
        with self._lock:
            self._layers[token] = layer_digest
        return token

    def opens(self, token: str, layer_digest: str) -> bool:
        """Whether a token is a link to this layer."""
        return self._layers.get(token) == layer_digest


def guard(tokens: Tokens, refusal: Refusal, *, registry: str, region: str, account_id: str) -> None:
    """Put IAM before MiniStack's registry, which lets everybody in.

    Its API learns to give links to layers that work, and to miss images that are not there.
    """
    original_api, original_registry = ecr.handle_request, ecr.handle_registry_request

    async def handle_api(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Response:
        answer: Response = await original_api(method, path, headers, body, query)
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        if answer[0] != 200 or operation not in ("GetAuthorizationToken", _DOWNLOAD):
            return answer
        content = json.loads(answer[2])
        if operation == _DOWNLOAD:
            digest = content["layerDigest"]
            name = json.loads(body)["repositoryName"]
            host = f"{get_account_id()}.dkr.ecr.{get_region()}.amazonaws.com"
            place = f"https://{registry}/v2/{host}/{name}/blobs/{digest}"
            content["downloadUrl"] = f"{place}?{_LINK}={tokens.link(digest)}"
        else:
            token = tokens.issue(extract_access_key_id(headers, query))
            encoded = base64.b64encode(f"AWS:{token}".encode()).decode()
            content["authorizationData"][0]["authorizationToken"] = encoded
        return answer[0], answer[1], json.dumps(content).encode()

    async def handle_registry(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Response:
        lower = {name.lower(): value for name, value in headers.items()}
        verb, name, reference = ecr._parse_v2_path(path) or ("", "", "")
        action = _ACTIONS.get(verb, {}).get(method.upper())
        link = query.get(_LINK, [""])
        linked = verb == "blob" and tokens.opens(
            link if isinstance(link, str) else link[0], reference
        )
        access_key = tokens.access_key(lower.get("authorization", ""))
        if access_key is None and not linked:
            return _error(401, "UNAUTHORIZED", "no basic auth credentials")
        if action is not None and access_key is not None and access_key != OPERATOR:
            # Each account's registry has a host name of its own: local.cloud.registries.
            named = ecr._registry_scope_hint(lower.get("host"))
            account, place = named or (account_id, region)
            arn = f"arn:aws:ecr:{place}:{account}:repository/{name}"
            refused = refusal(access_key, action, arn)
            if refused:
                return _error(403, "DENIED", refused)
        answer: Response = await original_registry(method, path, headers, body, query)
        return answer

    ecr._describe_images = _miss_images(ecr._describe_images)
    ecr.handle_request = handle_api
    ecr.handle_registry_request = handle_registry
    app.SERVICE_HANDLERS["ecr"] = handle_api


def _miss_images(describe: Callable[[dict[str, Any]], Response]) -> Any:
    """DescribeImages of an image that is not there is an error, not an empty answer.

    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html
    """

    def answer(data: dict[str, Any]) -> Response:
        name = data.get("repositoryName", "")
        for wanted in data.get("imageIds") or []:
            if name in ecr._repositories and ecr._find_image(name, wanted) is None:
                shown = ", ".join(
                    f"{member}:'{wanted.get(member, 'null')}'"
                    for member in ("imageDigest", "imageTag")
                )
                missing: Response = ecr.error_response_json(
                    "ImageNotFoundException",
                    f"The image with imageId {{{shown}}} does not exist within the repository "
                    f"with name '{name}'",
                    400,
                )
                return missing
        return describe(data)

    return answer


def _error(status: int, code: str, message: str) -> Response:
    headers = {
        "Content-Type": "application/json",
        "Docker-Distribution-API-Version": "registry/2.0",
        "WWW-Authenticate": 'Basic realm="https://localhost/",service="ecr.amazonaws.com"',
    }
    body = {"errors": [{"code": code, "message": message, "detail": {}}]}
    return status, headers, json.dumps(body).encode()
