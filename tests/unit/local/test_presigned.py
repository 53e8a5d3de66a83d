"""Presigned S3 links on the plain site: which requests pass, as what, and how pages link to it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, MutableMapping
from typing import Any
from urllib.parse import urlencode

import pytest
from ministack.services import s3  # type: ignore[import-untyped]

from local.cloud import presigned
from local.cloud.inbox import Inbox
from local.cloud.site import front_doors
from local.pipeline.service import PushOutcome

_AWS, _SITE = "127.0.0.1:4000", "127.0.0.1:5000"
_SIGNED = {
    "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
    "X-Amz-Credential": "ASIAX/20261122/us-east-1/s3/aws4_request",
    "X-Amz-Date": "20261122T080000Z",
    "X-Amz-Expires": "600",
    "X-Amz-SignedHeaders": "host",
    "X-Amz-Signature": "f" * 64,
}
Message = MutableMapping[str, Any]


@pytest.fixture(autouse=True)
def _bucket() -> Iterator[None]:
    """One bucket."""
    s3._buckets["data"] = {}
    yield
    s3._buckets.pop("data")


def _scope(
    path: str = "/data/predictions/iris.csv.out", *, method: str = "GET", **changes: str | None
) -> Message:
    given = {**_SIGNED, **{name.replace("_", "-"): value for name, value in changes.items()}}
    query = urlencode({name: value for name, value in given.items() if value is not None})
    headers = [
        (b"host", _SITE.encode()),
        (b"range", b"bytes=0-9"),
        (b"authorization", b"AWS4-HMAC-SHA256 mine"),
        (b"x-amz-target", b"DynamoDB_20120810.Scan"),
    ]
    return {
        "type": "http",
        "scheme": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": headers,
    }


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_signed_look_at_an_object_passes_as_it_was_signed(method: str) -> None:
    scope = _scope(method=method)
    assert presigned.is_link(scope)
    passed = presigned.as_signed(scope, aws_host=_AWS)
    assert (passed["scheme"], passed["path"], passed["method"]) == ("https", scope["path"], method)
    assert passed["query_string"] == scope["query_string"]
    # Neither its own host nor credentials and targets of another request come along.
    assert passed["headers"] == [(b"host", _AWS.encode()), (b"range", b"bytes=0-9")]


@pytest.mark.parametrize(
    "scope",
    [
        _scope(method="PUT"),
        _scope(method="POST"),
        _scope(method="DELETE"),
        _scope(X_Amz_Signature=None),
        _scope(X_Amz_Credential=None),
        _scope(X_Amz_Expires=None),
        _scope(X_Amz_Credential="ASIAX/20261122/us-east-1/sts/aws4_request"),
        _scope(X_Amz_Credential="ASIAX"),
        _scope("/data"),
        _scope("/data/"),
        _scope("/other/file"),
        _scope("/_ministack/reset"),
        _scope("/2015-03-31/functions"),
        _scope("//data/file"),
        {**_scope(), "query_string": b"X-Amz-Signature=1&" + _scope()["query_string"]},
    ],
)
def test_nothing_else_reaches_aws_without_tls(scope: Message) -> None:
    async def aws(*_: object) -> None:
        raise AssertionError("this reached AWS")

    status, _ = _response(
        front_doors(aws, Inbox(), pushed=_no_push, aws_host=_AWS, site_host=_SITE), scope
    )
    assert status == 404


_LINK = f"https://{_AWS}/data/a.csv?X-Amz-Date=1&amp;X-Amz-Signature=f"
_PAGE = f'<p>Größe</p><a href="{_LINK}">a</a><a href="https://{_AWS}/data">b</a>'.encode()


def _api(content_type: bytes) -> Any:  # noqa: ANN401 - an ASGI application
    """What API Gateway serves, in pieces."""

    async def aws(scope: Message, _receive: object, send: Any) -> None:  # noqa: ANN401
        assert (b"x-forwarded-proto", b"https") in scope["headers"]
        length = str(len(_PAGE)).encode()
        headers = [(b"Content-Type", content_type), (b"Content-Length", length)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": _PAGE[:40], "more_body": True})
        await send({"type": "http.response.body", "body": _PAGE[40:]})

    return front_doors(aws, Inbox(), pushed=_no_push, aws_host=_AWS, site_host=_SITE)


def test_a_page_leads_to_the_site_for_signed_links_only() -> None:
    scope = _scope("/_aws/execute-api/1a2b/approvals/x")
    status, sent = _response(_api(b"text/html; charset=utf-8"), scope)
    body = b"".join(message["body"] for message in sent[1:])
    assert status == 200
    assert f'href="http://{_SITE}/data/a.csv?'.encode() in body
    assert f'href="https://{_AWS}/data"'.encode() in body
    assert "Größe".encode() in body
    assert dict(sent[0]["headers"])[b"Content-Length"] == str(len(body)).encode()


def test_what_is_no_page_stays_as_it_is() -> None:
    scope = _scope("/_aws/execute-api/1a2b/approvals/x")
    _, sent = _response(_api(b"application/json"), scope)
    assert b"".join(message["body"] for message in sent[1:]) == _PAGE


def _no_push(**_: str) -> list[PushOutcome]:
    return []


def _response(application: Any, scope: Message) -> tuple[int, list[Message]]:  # noqa: ANN401
    """The status that an application answers, and everything that it sends."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        raise AssertionError("nothing is sent to it")

    asyncio.run(application(scope, receive, send))
    return sent[0]["status"], sent
