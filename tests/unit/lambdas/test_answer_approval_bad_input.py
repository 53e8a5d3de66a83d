"""Bad input to the approval page: always a 4xx that says what to send, never a decision."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.unit.lambdas import events
from tests.unit.lambdas.approval_fakes import (
    ADA,
    APPROVAL,
    ASKED_AT,
    GRACE,
    Api,
    HmacKey,
    query_of,
)

_OTHER = replace(APPROVAL, approval_id="0" * 32)


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("", 400, "Copy the whole link"),
        (query_of(ADA)[:-1], 400, "Copy the whole link"),
        (f"{query_of(ADA)}&{query_of(ADA)}", 400, "Copy the whole link"),
        (query_of(ADA, expires=APPROVAL.expires_at + 1)[:-43] + "A" * 43, 403, "was changed"),
        (query_of(ADA, key=HmacKey(secret=b"another system")), 403, "another system"),
        (query_of(ADA, approval=_OTHER), 403, "was changed"),
        (query_of(ADA)[:-43] + query_of(GRACE)[-43:], 403, "was changed"),
        (query_of(ADA, expires=ASKED_AT), 410, "22 November 2026, 14:30 UTC"),
        (query_of("eve@example.com"), 403, "not among the approvers"),
    ],
)
def test_a_link_that_is_not_right_says_which_and_reveals_nothing(
    query: str, status: int, words: str, method: str, accept: str
) -> None:
    api = Api()
    event = events.http(
        "http_approval_post_form", method=method, query=query, headers={"accept": accept}
    )

    response = api.send(event)

    assert response.status == status
    assert (words in response.body) == (method != "HEAD")
    assert "<form" not in response.body
    for secret in ("iris", APPROVAL.commit_id, APPROVAL.model_name, *APPROVAL.approvers):
        assert secret not in response.body
    assert api.recorded == APPROVAL


def test_nothing_is_looked_up_before_the_signature_is_right() -> None:
    api = Api()

    api.get(query=query_of(ADA)[:-1] + "!")
    api.get(query=query_of(ADA, key=HmacKey(secret=b"another system")))
    api.get(query=query_of(ADA, expires=ASKED_AT))

    assert api.approvals.reads == 0


def test_an_approval_that_is_gone_is_not_found() -> None:
    assert Api(None).get().status == 404
    assert Api(None).post().status == 404


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"", "decision=approve or decision=reject"),
        (b"decision=maybe", "decision=approve or decision=reject"),
        (b"decision=reject", "Give a reason to reject"),
        (b"decision=reject&reason=%20%0D%0A", "Give a reason to reject"),
        (b"decision=approve&reason=" + b"a" * 1001, "at most 1000"),
        (b"decision=approve&decision=reject&reason=x", "sent twice"),
        (b"decision=reject&reason=x&reason=y", "sent twice"),
        (b"&".join(b"f%d=1" % i for i in range(21)), "too many fields"),
    ],
)
def test_bad_form_says_what_to_send_beside_the_form(body: bytes, complaint: str) -> None:
    api = Api()

    response = api.post(body=body)

    assert response.status == 400
    assert complaint in response.body
    assert response.body.index("<form") < response.body.index("Accuracy")
    assert api.recorded == APPROVAL


def test_what_was_typed_is_kept_when_something_is_missing() -> None:
    response = Api().post(body=b"decision=maybe&reason=Because+%3Cb%3E+%22A%22")

    assert "Because &lt;b&gt; &quot;A&quot;</textarea>" in response.body


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'"approve"',
        b'{"decision": 1}',
        b'{"decision": null}',
        b"\xff",
        b'{"decision": "reject", "decision": "approve"}',
        b'{"decision": "approve", "reason": {"a": 1, "a": 2}}',
        b'{"decision": %s}' % (b"1" * 5000),
        b"[" * 10_000,
    ],
)
def test_bad_json_is_a_bad_request(body: bytes) -> None:
    api = Api()

    response = api.post(body=body, content_type="application/json", accept="application/json")

    assert response.status == 400
    assert json.loads(response.body)["message"]
    assert api.recorded == APPROVAL


def test_line_ends_of_browsers_count_once() -> None:
    api = Api()

    body = b"decision=approve&reason=" + b"%0D%0A".join([b"a" * 249] * 4)
    assert api.post(body=body).status == 200
    assert "\r" not in api.recorded.votes[0].reason


def test_half_a_character_is_dropped() -> None:
    # Given text that JSON can spell and UTF-8 cannot
    api = Api()

    body = b'{"decision": "approve", "reason": "A\\ud800da\\u0000"}'
    assert api.post(body=body, content_type="application/json").status == 200

    assert api.recorded.votes[0].reason == "Ada"


def test_other_content_types_are_unsupported() -> None:
    assert Api().post(content_type="text/plain").status == 415
    assert Api().post(content_type=None).status == 415
    assert Api().post(content_type="Application/X-WWW-Form-URLEncoded; charset=utf-8").status == 200


def test_large_body_is_refused() -> None:
    api = Api()

    assert api.post(body=b"decision=approve&x=" + b"a" * 16 * 1024).status == 413
    assert api.recorded == APPROVAL


@pytest.mark.parametrize("query", [query_of(ADA), ""])
@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_not_allowed(method: str, query: str) -> None:
    response = Api().get(method=method, query=query)

    assert response.status == 405
    assert response.headers["allow"] == "GET, HEAD, POST"


def test_body_that_is_not_base64_is_a_bad_request() -> None:
    event = events.load("http_approval_post_form")

    assert Api().send({**event, "body": "%%%"}).status == 400


@pytest.mark.parametrize(
    "gap", ["body", "headers", "pathParameters", "rawQueryString", "isBase64Encoded"]
)
def test_an_event_with_a_gap_is_a_bad_request_at_worst(gap: str) -> None:
    api = Api()
    event = events.load("http_approval_post_form")

    for changed in ({**event, gap: None}, {k: v for k, v in event.items() if k != gap}):
        assert 400 <= api.send(changed).status < 500
    assert api.recorded == APPROVAL
