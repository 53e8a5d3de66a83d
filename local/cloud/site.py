"""The local cloud's two front doors: AWS over TLS, and a plain site for people."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol

from local.cloud import presigned, registries
from local.cloud.extensions import API_PATH
from local.cloud.inbox import Inbox
from local.pipeline.service import PushOutcome

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class Pushed(Protocol):
    """What lets the triggers of pipelines look at a push."""

    def __call__(self, *, branch: str, before: str, after: str) -> list[PushOutcome]: ...


_PUSH = "/_local/push"


def front_doors(
    aws: Application, inbox: Inbox, *, pushed: Pushed, aws_host: str, site_host: str
) -> Application:
    """AWS's APIs by HTTPS only; by HTTP the inbox, what API Gateway serves, and signed S3 links.

    A browser then opens approval links, and what they link to, without a warning, and nothing that
    IAM or a policy on `aws:SecureTransport` guards is reachable without TLS or a signature.
    Also by HTTP: the door at which git's hook says what was pushed, in place of the webhook of a
    connection.

    Args:
        pushed: is told of a push, and answers what it did to each pipeline.
        aws_host: `host:port` of AWS's APIs, as clients of S3 sign it.
        site_host: `host:port` of the plain site.
    """

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await aws(scope, receive, send)
        elif scope["scheme"] == "https":
            asked, answer = registries.as_named(scope, send)
            await aws(asked, receive, answer)
        elif scope["path"].startswith(API_PATH):
            edge = {**scope, "headers": _from_the_edge(scope)}
            linked = presigned.Relinked(send, aws_host=aws_host, site_host=site_host)
            await aws(edge, receive, linked.send)
        elif presigned.is_link(scope):
            await aws(presigned.as_signed(scope, aws_host=aws_host), receive, send)
        elif scope["path"] == "/messages" and scope["method"] == "GET":
            await _answer(send, 200, b"application/json", inbox.as_json())
        elif scope["path"] == _PUSH and scope["method"] == "POST":
            await _push(pushed, scope, receive, send)
        elif scope["path"] == "/" and scope["method"] == "GET":
            await _answer(send, 200, b"text/html; charset=utf-8", inbox.as_page())
        else:
            text = b"Here are / and /messages (mail) and the deployed HTTP APIs.\n"
            await _answer(send, 404, b"text/plain", text)

    return application


def _from_the_edge(scope: Scope) -> list[tuple[bytes, bytes]]:
    # API Gateway is reached over TLS only, and says so to what stands behind it.
    return [*scope["headers"], (b"x-forwarded-proto", b"https")]


async def _push(pushed: Pushed, scope: Scope, receive: Receive, send: Send) -> None:
    """`{"branch", "before", "after"}`; the answer lists what it did to each pipeline.

    JSON only, which a web page of another site cannot send.
    """
    names = {"branch", "before", "after"}
    try:
        given = json.loads(await _body(receive))
    except ValueError:
        given = None
    kind = dict(scope["headers"]).get(b"content-type", b"").partition(b";")[0]
    if (
        kind != b"application/json"
        or not isinstance(given, dict)
        or set(given) != names
        or not all(isinstance(value, str) for value in given.values())
    ):
        text = b"A push is application/json: an object of branch, before and after, all texts.\n"
        await _answer(send, 400, b"text/plain", text)
        return
    outcomes = await asyncio.to_thread(pushed, **given)
    text = json.dumps([dataclasses.asdict(outcome) for outcome in outcomes]).encode()
    await _answer(send, 200, b"application/json", text)


async def _body(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


async def _answer(send: Send, status: int, content_type: bytes, body: bytes) -> None:
    headers = [(b"content-type", content_type), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
