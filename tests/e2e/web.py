"""Plain HTTP with every status as an answer, so that a test can look at refusals."""

from __future__ import annotations

import html
import http.client
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local.running_cloud import RunningCloud

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_TIMEOUT_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A response; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    text: str

    def json(self) -> Any:  # noqa: ANN401 - whatever JSON says
        """The body as JSON."""
        return json.loads(self.text)


def ask(
    method: str,
    url: str,
    *,
    body: str | bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Send one request and read the whole answer."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=_TIMEOUT_SECONDS)
    try:
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.request(method, target, body=body, headers=dict(headers or {}))
        response = connection.getresponse()
        return Answer(
            status=response.status,
            headers={name.lower(): value for name, value in response.getheaders()},
            text=response.read().decode(),
        )
    finally:
        connection.close()


def submit(link: str, *, decision: str, reason: str = "") -> Answer:
    """Send the form of an approval page, as a browser does."""
    form = urlencode({"decision": decision, "reason": reason})
    return ask("POST", link, body=form, headers=FORM)


def look(link: str) -> dict[str, Any]:
    """The state of an approval as a program sees it."""
    answer = ask("GET", link, headers={"Accept": "application/json"})
    state: dict[str, Any] = answer.json()
    return state


def links_in(page: str) -> list[str]:
    """Where a page or mail leads to, in the order in which it says so."""
    found = re.findall(r"https?://[^\s\"'<>]+", page)
    return [html.unescape(url) for url in dict.fromkeys(found)]


@dataclass(frozen=True, kw_only=True)
class Key:
    """An access key of a user."""

    access_key_id: str
    secret: str


def ask_signed(
    cloud: RunningCloud,
    url: str,
    content: object,
    *,
    key: Key | None = None,
    method: str = "POST",
    content_type: str = "application/json",
) -> Answer:
    """Send JSON, or text as it is, signed with a user's key, or as the cloud's root."""
    given = cloud.environment()
    key = key or Key(
        access_key_id=given["AWS_ACCESS_KEY_ID"], secret=given["AWS_SECRET_ACCESS_KEY"]
    )
    body = content if isinstance(content, str) else json.dumps(content)
    headers = {"Content-Type": content_type}
    request = AWSRequest(method=method, url=url, data=body, headers=headers)
    credentials = Credentials(key.access_key_id, key.secret)
    SigV4Auth(credentials, "execute-api", given["AWS_REGION"]).add_auth(request)
    return ask(method, url, body=body, headers=dict(request.headers.items()))
