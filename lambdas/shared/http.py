"""Requests and responses of an HTTP API, payload format 2.0.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self


class HttpError(Exception):
    """A request that is answered with an error status; the message says what to send instead."""

    def __init__(
        self, status: int, message: str, *, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = dict(headers or {})


@dataclass(frozen=True)
class HttpRequest:
    """One request; header names are in lower case, body is what the caller sent, decoded.

    query is the query string as it was sent.
    """

    method: str
    path_parameters: Mapping[str, str]
    query: str
    headers: Mapping[str, str]
    body: bytes
    source_ip: str

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> Self:
        """Read an API Gateway event.

        Raises:
            HttpError: 400 if the body is said to be base64 and is not.
        """
        http = event["requestContext"]["http"]
        headers = event.get("headers") or {}
        return cls(
            method=str(http["method"]).upper(),
            path_parameters=event.get("pathParameters") or {},
            query=str(event.get("rawQueryString") or ""),
            headers={str(name).lower(): str(value) for name, value in headers.items()},
            body=_body(event),
            source_ip=str(http.get("sourceIp", "")),
        )

    @property
    def content_type(self) -> str:
        """The media type of the body in lower case, without parameters; empty if none is given."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def wants_json(self) -> bool:
        """Whether the caller is a program: it asks for JSON and not for a page."""
        accept = self.headers.get("accept", "").lower()
        return "application/json" in accept and "text/html" not in accept

    def require_body_within(self, limit_bytes: int) -> None:
        """Refuse a body that is larger than the limit.

        Raises:
            HttpError: 413.
        """
        if len(self.body) > limit_bytes:
            raise HttpError(
                413,
                f"The body has {len(self.body)} bytes; send at most {limit_bytes}.",
            )


@dataclass(frozen=True)
class HttpResponse:
    """One response."""

    status: int
    body: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_json(
        cls, status: int, content: Mapping[str, Any], *, headers: Mapping[str, str] | None = None
    ) -> Self:
        """A JSON response that no cache keeps and no browser takes for something else."""
        own = {
            "content-type": "application/json; charset=utf-8",
            "cache-control": "no-store",
            "x-content-type-options": "nosniff",
        }
        return cls(status=status, body=json.dumps(content), headers={**own, **(headers or {})})

    def to_event(self) -> dict[str, Any]:
        """The response as API Gateway reads it."""
        return {"statusCode": self.status, "headers": dict(self.headers), "body": self.body}


def parse_json_object(body: bytes, *, example: str) -> dict[str, Any]:
    """The JSON object in a request body.

    Raises:
        HttpError: 400 if it is not one; the message shows the example.
    """
    try:
        value = json.loads(body, object_pairs_hook=_once_each)
    except _TwiceError:
        raise HttpError(400, "The body has a field twice. Send each field once.") from None
    except (ValueError, RecursionError):
        raise HttpError(400, f"The body is not valid JSON. Send for example {example}.") from None
    if not isinstance(value, dict):
        raise HttpError(400, f"The body is not a JSON object. Send for example {example}.")
    return value


class _TwiceError(Exception):
    """A JSON object has a name twice: which value is meant nobody knows."""


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        raise _TwiceError
    return content


def _body(event: Mapping[str, Any]) -> bytes:
    raw = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(raw).encode(errors="replace")
    try:
        return base64.b64decode(raw, validate=True)
    except (binascii.Error, ValueError):
        raise HttpError(400, "The body is marked as base64 and is not. Send it as it is.") from None
