"""The checked-in events, and variations of them."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

_EVENTS = Path(__file__).parents[2] / "events"


def load(name: str) -> dict[str, Any]:
    """A fresh copy of tests/events/<name>.json."""
    event: dict[str, Any] = json.loads((_EVENTS / f"{name}.json").read_text())
    return event


def http(
    name: str,
    *,
    method: str | None = None,
    headers: Mapping[str, str | None] | None = None,
    body: bytes | None = None,
    path_parameters: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """A checked-in HTTP event with parts replaced; a header set to None is taken away."""
    event = load(name)
    if method is not None:
        event["requestContext"]["http"]["method"] = method
    for header, value in (headers or {}).items():
        if value is None:
            event["headers"].pop(header, None)
        else:
            event["headers"][header] = value
    if body is not None:
        event["body"] = base64.b64encode(body).decode()
        event["isBase64Encoded"] = True
    if path_parameters is not None:
        event["pathParameters"] = dict(path_parameters)
    return event


def configure_mail_outcome(monkeypatch: pytest.MonkeyPatch, *, topic_arn: str) -> None:
    """The variables that MailOutcome is deployed with."""
    monkeypatch.setenv("NOTIFICATION_TOPIC_ARN", topic_arn)
    monkeypatch.setenv("INFERENCE_ACCESS", "off")
