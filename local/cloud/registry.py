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
from ministack.core.router import extract_access_key_id  # type: ignore[import-untyped]
from ministack.services import ecr  # type: ignore[import-untyped]

Response = tuple[int, dict[str, str], bytes]
Refusal = Callable[[str, str, str], str | None]
"""(access key, action, ARN) -> why it is refused, or None."""

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


class Tokens:
    """Whose log-in a token is."""

    def __init__(self) -> None:
        self._access_keys: dict[str, str] = {}
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


def guard(tokens: Tokens, refusal: Refusal, *, region: str, account_id: str) -> None:
    """Put IAM before MiniStack's registry, which lets everybody in."""
    original_api, original_registry = ecr.handle_request, ecr.handle_registry_request

    async def handle_api(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Response:
        answer: Response = await original_api(method, path, headers, body, query)
        if headers.get("x-amz-target", "").endswith(".GetAuthorizationToken") and answer[0] == 200:
            content = json.loads(answer[2])
            token = tokens.issue(extract_access_key_id(headers, query))
            encoded = base64.b64encode(f"AWS:{token}".encode()).decode()
            content["authorizationData"][0]["authorizationToken"] = encoded
            answer = (answer[0], answer[1], json.dumps(content).encode())
        return answer

    async def handle_registry(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Response:
        lower = {name.lower(): value for name, value in headers.items()}
        access_key = tokens.access_key(lower.get("authorization", ""))
        if access_key is None:
            return _error(401, "UNAUTHORIZED", "no basic auth credentials")
        verb, name, _ = ecr._parse_v2_path(path) or ("", "", "")
        action = _ACTIONS.get(verb, {}).get(method.upper())
        if action is not None:
            arn = f"arn:aws:ecr:{region}:{account_id}:repository/{name}"
            refused = refusal(access_key, action, arn)
            if refused:
                return _error(403, "DENIED", refused)
        answer: Response = await original_registry(method, path, headers, body, query)
        return answer

    ecr.handle_request = handle_api
    ecr.handle_registry_request = handle_registry
    app.SERVICE_HANDLERS["ecr"] = handle_api


def _error(status: int, code: str, message: str) -> Response:
    headers = {
        "Content-Type": "application/json",
        "Docker-Distribution-API-Version": "registry/2.0",
        "WWW-Authenticate": 'Basic realm="https://localhost/",service="ecr.amazonaws.com"',
    }
    body = {"errors": [{"code": code, "message": message, "detail": {}}]}
    return status, headers, json.dumps(body).encode()
