"""The Docker registries of all accounts behind one address.

On AWS each account has a registry of its own, `<account>.dkr.ecr.<region>.amazonaws.com`. Here one
door stands for all: `localhost:<port>/<registry>/<repository>` names a repository of any of them,
`localhost:<port>/<repository>` one of the cloud's own account.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

_NAMED = re.compile(r"/v2/(?P<host>\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com)(?P<rest>/.*)")


def as_named(scope: Message, send: Send) -> tuple[Message, Send]:
    """The request as the registry that its path names would get it, and the way of its answer."""
    match = _NAMED.fullmatch(scope["path"])
    if match is None:
        return scope, send
    host, prefix = match["host"], f"/v2/{match['host']}".encode()
    raw = scope.get("raw_path") or scope["path"].encode()
    headers = [(name, value) for name, value in scope["headers"] if name != b"host"]
    named = {
        **scope,
        "path": f"/v2{match['rest']}",
        "raw_path": raw.replace(prefix, b"/v2", 1),
        "headers": [(b"host", host.encode()), *headers],
    }

    async def answer(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {
                **message,
                "headers": [
                    (name, _located(value, prefix) if name.lower() == b"location" else value)
                    for name, value in message["headers"]
                ],
            }
        await send(message)

    return named, answer


def _located(location: bytes, prefix: bytes) -> bytes:
    """Where an upload goes on: below the same name."""
    return prefix + location.removeprefix(b"/v2") if location.startswith(b"/v2/") else location
