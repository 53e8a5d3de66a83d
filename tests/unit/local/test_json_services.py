"""Services of our own: IAM first, then an answer in AWS's JSON protocol."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from ministack import app  # type: ignore[import-untyped]
from ministack.core import router  # type: ignore[import-untyped]

from local.cloud.json_services import Call, offer
from local.sagemaker.errors import invalid
from local.sagemaker.json_protocol import Response, answered

_DENIED: Response = (403, {}, b"denied")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What IAM is asked: (action, ARN); it refuses ARNs that end in `theirs`."""
    found: list[tuple[str, str]] = []

    def enforce(*given: Any, resource_arn: str, **_: object) -> Response | None:  # noqa: ANN401
        found.append((given[1], resource_arn))
        return _DENIED if resource_arn.endswith("theirs") else None

    monkeypatch.setattr(app, "_enforce_data_plane", enforce)
    monkeypatch.setattr(app, "SERVICE_HANDLERS", dict(app.SERVICE_HANDLERS))
    monkeypatch.setattr(router, "SERVICE_PATTERNS", dict(router.SERVICE_PATTERNS))
    return found


def answer(call: Call) -> Response:
    def work(arguments: dict[str, Any]) -> dict[str, Any]:
        if "wrong" in arguments:
            raise invalid("wrong is wrong")
        return {"did": call.operation, "broken": 1 / arguments.get("by", 1)}

    return answered(call.operation, call.body, work)


def ask(body: bytes) -> tuple[int, Any]:
    offer(
        "thing",
        targets="Things.",
        resources=lambda call: call.arguments.get("names", ["*"]),
        answer=answer,
    )
    handler = app.SERVICE_HANDLERS["thing"]
    status, _, content = asyncio.run(
        handler("POST", "/", {"x-amz-target": "Things.Make"}, body, {})
    )
    return status, json.loads(content) if status != 403 else content


def test_iam_is_asked_about_every_resource_before_the_answer(asked: list[tuple[str, str]]) -> None:
    assert ask(b'{"names": ["one", "two"]}') == (200, {"did": "Make", "broken": 1})
    assert ask(b'{"names": ["one", "theirs"], "wrong": 1}') == (403, b"denied")
    assert asked == [("thing:Make", name) for name in ("one", "two", "one", "theirs")]


@pytest.mark.parametrize(
    ("body", "status", "code", "message"),
    [
        (b"{", 400, "SerializationException", "Not JSON: "),
        (b"[]", 400, "SerializationException", "The body must be a JSON object."),
        (b'{"wrong": 1}', 400, "ValidationException", "wrong is wrong"),
        (b'{"by": 0}', 500, "InternalFailure", "We encountered an internal error."),
    ],
)
def test_errors_are_answered_as_aws_does(
    asked: list[tuple[str, str]], body: bytes, status: int, code: str, message: str
) -> None:
    found, told = ask(body)

    assert (found, told["__type"]) == (status, code)
    assert told["message"].startswith(message)
    assert asked == [("thing:Make", "*")]
