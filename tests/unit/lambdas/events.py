"""The checked-in events, and variations of them."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

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
    query: str | None = None,
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
    if query is not None:
        event["rawQueryString"] = query
        event["queryStringParameters"] = {
            name: ",".join(values) for name, values in parse_qs(query).items()
        }
    return event


def configure_mail_outcome(monkeypatch: pytest.MonkeyPatch, *, topic_arn: str) -> None:
    """The variables that MailOutcome is deployed with."""
    monkeypatch.setenv("NOTIFICATION_TOPIC_ARN", topic_arn)
    monkeypatch.setenv("INFERENCE_ACCESS", "off")


def configure_ask_approval(monkeypatch: pytest.MonkeyPatch, *, topic_arn: str) -> None:
    """The variables that AskApproval is deployed with."""
    key_arn = "arn:aws:kms:eu-west-1:123456789012:key/0f9e8d7c-6b5a-4c3d-9e2f-1a0b2c3d4e5f"
    monkeypatch.setenv("APPROVALS_TABLE", "approvals")
    monkeypatch.setenv("APPROVAL_TOPIC_ARN", topic_arn)
    monkeypatch.setenv("API_URL", "https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/")
    monkeypatch.setenv("LINK_KEY_ARN", key_arn)
    monkeypatch.setenv("APPROVERS", '["ada@example.com", "grace@example.com", "lin@example.com"]')
    monkeypatch.setenv("APPROVALS_REQUIRED", "1")
    monkeypatch.setenv("COMMITTER_MAY_APPROVE", "true")
