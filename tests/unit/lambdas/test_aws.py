"""How long the approval page's calls may take when AWS does not answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from answer_approval.handler import handle
from botocore.exceptions import ReadTimeoutError
from botocore.httpsession import URLLib3Session
from shared import aws

from tests.unit.lambdas import events
from tests.unit.lambdas.approval_fakes import ADA, query_of

_CALLS = 4  # a vote verifies the signature, reads the approval, reads it again and writes
_API_SECONDS = 30


def _silent(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let nothing answer and no time pass; returns the seconds that would have passed."""
    passed: list[float] = []

    def send(session: URLLib3Session, request: Any) -> None:  # noqa: ANN401 - botocore's own
        timeout = session._timeout  # type: ignore[attr-defined]
        passed.append(timeout.connect_timeout + timeout.read_timeout)
        raise ReadTimeoutError(endpoint_url=request.url)

    monkeypatch.setattr(URLLib3Session, "send", send)
    monkeypatch.setattr("time.sleep", passed.append)
    # The longest pause that may be drawn.
    monkeypatch.setattr("random.random", lambda: 1.0)
    return passed


def _approval() -> object:
    return aws.dynamodb().get_item(TableName="approvals", Key={"approvalId": {"S": "x"}})


def _signature() -> object:
    return aws.kms().verify_mac(KeyId="k", Message=b"m", Mac=b"m", MacAlgorithm="HMAC_SHA_256")


@pytest.mark.parametrize("call", [_approval, _signature])
def test_four_calls_that_nobody_answers_leave_time_to_say_so(
    monkeypatch: pytest.MonkeyPatch, call: Callable[[], object]
) -> None:
    passed = _silent(monkeypatch)

    with pytest.raises(ReadTimeoutError):
        call()

    # Two attempts and a pause: one lost packet is no outage.
    assert len(passed) == 3
    assert _CALLS * sum(passed) < _API_SECONDS - 1


def test_the_page_says_that_nobody_could_be_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    _silent(monkeypatch)
    monkeypatch.setenv("APPROVALS_TABLE", "approvals")
    monkeypatch.setenv("LINK_KEY_ARN", "key")
    monkeypatch.setattr("time.time", lambda: 0.0)

    answer = handle(events.http("http_approval_get", query=query_of(ADA)), None)

    assert (answer["statusCode"], answer["headers"]["retry-after"]) == (503, "5")
