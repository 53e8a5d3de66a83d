"""Presigned S3 links that people open on the plain site, where no certificate warns them.

On AWS such a link leads to S3 itself.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs

from ministack.services import s3  # type: ignore[import-untyped]

Message = MutableMapping[str, Any]

_SIGNED = ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-Signature")
_KEPT_HEADERS = frozenset({b"accept", b"range", b"if-none-match", b"if-modified-since"})


def is_link(scope: Message) -> bool:
    """Whether a request looks, in a bucket, at what S3 then checks the signature of."""
    if scope["method"] not in ("GET", "HEAD"):
        return False
    given = parse_qs(scope["query_string"].decode("latin-1"))
    if any(len(given.get(name, [])) != 1 for name in _SIGNED):
        return False
    credential = given["X-Amz-Credential"][0].split("/")
    _, bucket, key = (*scope["path"].split("/", 2), "", "")[:3]
    signed = credential[3:] == ["s3", "aws4_request"]
    return signed and s3._bucket_owner_account(bucket) is not None and bool(key)


def as_signed(scope: Message, *, aws_host: str) -> Message:
    """The request as it was signed: to S3 itself, over TLS, and nothing else that a client adds."""
    headers = [(name, value) for name, value in scope["headers"] if name in _KEPT_HEADERS]
    return {**scope, "scheme": "https", "headers": [(b"host", aws_host.encode()), *headers]}


class Relinked:
    """Sends a response on; in an HTML page presigned links lead to the site instead of to S3."""

    def __init__(
        self,
        send: Callable[[Message], Awaitable[None]],
        *,
        aws_host: str,
        site_host: str,
    ) -> None:
        self._send = send
        link = rf'"https://{re.escape(aws_host)}(/[^"]*X-Amz-Signature=)'
        self._pattern = re.compile(link.encode())
        self._replacement = rb'"http://' + site_host.encode() + rb"\1"
        self._start: Message | None = None
        self._body = b""

    async def send(self, message: Message) -> None:
        """Take one ASGI message; the start of a page is held back until its body is whole."""
        if message["type"] == "http.response.start" and _is_page(message):
            self._start = message
            return
        if self._start is None:
            await self._send(message)
            return
        self._body += message.get("body", b"")
        if message.get("more_body"):
            return
        body = self._pattern.sub(self._replacement, self._body)
        change = len(body) - len(self._body)
        headers = [
            (
                name,
                str(int(value) + change).encode() if name.lower() == b"content-length" else value,
            )
            for name, value in self._start["headers"]
        ]
        await self._send({**self._start, "headers": headers})
        await self._send({**message, "body": body})


def _is_page(start: Message) -> bool:
    return any(
        name.lower() == b"content-type" and value.lower().startswith(b"text/html")
        for name, value in start["headers"]
    )
