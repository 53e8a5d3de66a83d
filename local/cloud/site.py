"""The local cloud's two front doors: AWS over TLS, and a plain site for people."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from local.cloud.extensions import API_PATH
from local.cloud.inbox import Inbox

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


def front_doors(aws: Application, inbox: Inbox) -> Application:
    """AWS's APIs by HTTPS only; by HTTP the inbox and what API Gateway serves.

    A browser then opens approval links without a warning, and nothing that IAM or a policy on
    `aws:SecureTransport` guards is reachable without TLS.
    """

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["scheme"] == "https":
            await aws(scope, receive, send)
        elif scope["path"].startswith(API_PATH):
            await aws({**scope, "headers": _from_the_edge(scope)}, receive, send)
        elif scope["path"] == "/messages" and scope["method"] == "GET":
            await _answer(send, 200, b"application/json", inbox.as_json())
        elif scope["path"] == "/" and scope["method"] == "GET":
            await _answer(send, 200, b"text/html; charset=utf-8", inbox.as_page())
        else:
            text = b"Here are / and /messages (mail) and the deployed HTTP APIs.\n"
            await _answer(send, 404, b"text/plain", text)

    return application


def _from_the_edge(scope: Scope) -> list[tuple[bytes, bytes]]:
    # API Gateway is reached over TLS only, and says so to what stands behind it.
    return [*scope["headers"], (b"x-forwarded-proto", b"https")]


async def _answer(send: Send, status: int, content_type: bytes, body: bytes) -> None:
    headers = [(b"content-type", content_type), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
