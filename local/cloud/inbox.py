"""Mail of the local cloud: what SNS would have sent by e-mail."""

from __future__ import annotations

import html
import json
import re
import threading
from dataclasses import asdict, dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, kw_only=True)
class Message:
    """One delivered mail; `receivedAt` is an ISO 8601 time in UTC."""

    to: str
    subject: str
    body: str
    receivedAt: str  # noqa: N815 - the name on the wire


class Inbox:
    """Keeps every mail, oldest first. Safe to use from any thread."""

    def __init__(self) -> None:
        self._messages: list[Message] = []
        self._lock = threading.Lock()

    def deliver(self, *, to: str, subject: str, body: str) -> None:
        """Add one mail."""
        received_at = datetime.now(UTC).isoformat(timespec="milliseconds")
        message = Message(to=to, subject=subject, body=body, receivedAt=received_at)
        with self._lock:
            self._messages.append(message)

    def as_json(self) -> bytes:
        """All mails as a JSON list."""
        return json.dumps([asdict(message) for message in self._all()], indent=1).encode()

    def as_page(self) -> bytes:
        """All mails as a page for people, newest first, with links that can be clicked."""
        mails = "".join(_mail(message) for message in reversed(self._all()))
        return _PAGE.replace("{mails}", mails or "<p>No mail yet.</p>").encode()

    def _all(self) -> list[Message]:
        with self._lock:
            return list(self._messages)


def _mail(message: Message) -> str:
    body = re.sub(
        r"https?://[^\s<>\"]+",
        lambda match: f'<a href="{match.group()}">{match.group()}</a>',
        html.escape(message.body, quote=False),
    )
    return (
        f"<article><h2>{html.escape(message.subject)}</h2>"
        f"<p>To {html.escape(message.to)}, {html.escape(message.receivedAt)}</p>"
        f"<pre>{body}</pre></article>"
    )


_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Inbox</title>
<meta name="viewport" content="width=device-width"><meta http-equiv="refresh" content="3">
<link rel="icon" href="data:,">
<style>:root{color-scheme:light dark}body{font:1rem/1.5 system-ui,sans-serif;max-width:50rem;
margin:2rem auto;padding:0 1rem}article{border:1px solid;border-radius:.5rem;padding:0 1rem;
margin:1rem 0}h2{font-size:1.1rem}pre{white-space:pre-wrap;overflow-wrap:anywhere}</style></head>
<body><h1>Inbox</h1>{mails}</body></html>"""
