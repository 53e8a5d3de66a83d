"""The local cloud's two front doors: AWS over TLS, and a plain site for people."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from local.cloud import presigned
from local.cloud.extensions import API_PATH
from local.cloud.inbox import Inbox

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


def front_doors(aws: Application, inbox: Inbox, *, aws_host: str, site_host: str) -> Application:
    """AWS's APIs by HTTPS only; by HTTP the inbox, what API Gateway serves, and signed S3 links.

    A browser then opens approval links, and what they link to, without a warning, and nothing that
    IAM or a policy on `aws:SecureTransport` guards is reachable without TLS or a signature.

    Args:
        aws_host: `host:port` of AWS's APIs, as clients of S3 sign it.
        site_host: `host:port` of the plain site.
    """

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["scheme"] == "https":
            await aws(scope, receive, send)
        elif scope["path"].startswith(API_PATH):
            edge = {**scope, "headers": _from_the_edge(scope)}
            linked = presigned.Relinked(send, aws_host=aws_host, site_host=site_host)
            await aws(edge, receive, linked.send)
        elif presigned.is_link(scope):
            await aws(presigned.as_signed(scope, aws_host=aws_host), receive, send)
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
