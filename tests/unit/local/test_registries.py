"""One door to the registries of all accounts."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

from local.cloud.registries import as_named

_HOST = "222222222222.dkr.ecr.eu-central-1.amazonaws.com"
_BASIC = (b"authorization", b"Basic QVdTOg==")
Message = MutableMapping[str, Any]


def passed(path: str, *answered: tuple[bytes, bytes]) -> tuple[Message, list[Message]]:
    """The request that the registry gets, and what the client gets of an answer."""
    scope = {
        "path": path,
        "raw_path": path.encode(),
        "headers": [(b"host", b"localhost:4000"), _BASIC],
    }
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    asked, answer = as_named(scope, send)
    start = {"type": "http.response.start", "status": 202, "headers": list(answered)}
    asyncio.run(_all(answer, [start, {"type": "http.response.body", "body": b"/v2/x"}]))
    return asked, sent


async def _all(answer: Any, messages: list[Message]) -> None:  # noqa: ANN401
    for message in messages:
        await answer(message)


def test_a_name_leads_to_the_registry_of_its_account() -> None:
    asked, _ = passed(f"/v2/{_HOST}/team/iris/manifests/abc")
    assert asked["path"] == "/v2/team/iris/manifests/abc"
    assert asked["raw_path"] == b"/v2/team/iris/manifests/abc"
    assert asked["headers"] == [(b"host", _HOST.encode()), _BASIC]


def test_an_upload_goes_on_below_the_same_name() -> None:
    told = (b"Location", b"/v2/iris/blobs/uploads/1"), (b"content-length", b"0")
    _, [start, body] = passed(f"/v2/{_HOST}/iris/blobs/uploads/", *told)
    assert start["headers"] == [
        (b"Location", f"/v2/{_HOST}/iris/blobs/uploads/1".encode()),
        told[1],
    ]
    assert body["body"] == b"/v2/x"


def test_a_name_without_registry_stays_as_it_is() -> None:
    told = (b"location", b"/v2/iris/blobs/uploads/1")
    for path in ("/v2/iris/manifests/abc", "/v2/", "/bucket/key", f"/v2/{_HOST}"):
        asked, [start, _] = passed(path, told)
        assert (asked["path"], dict(asked["headers"])[b"host"]) == (path, b"localhost:4000")
        assert start["headers"] == [told]
