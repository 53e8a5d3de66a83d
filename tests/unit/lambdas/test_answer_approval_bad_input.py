"""Bad input to the approval page: always a 4xx that says what to send, never a decision."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shared.approvals import Approval

from tests.unit.lambdas import events
from tests.unit.lambdas.approval_fakes import APPROVAL, Api, FakeApprovals


@pytest.mark.parametrize(
    "malformed", ["", "short", "a" * 129, "../../etc/passwd-000000", "<script>alert(1)</script>"]
)
def test_malformed_id_is_not_looked_up(malformed: str) -> None:
    class Untouchable(FakeApprovals):
        def get(self, approval_id: str) -> Approval | None:
            raise AssertionError(f"looked up {approval_id!r}")

    api = Api()
    api.approvals = Untouchable()

    response = api.get(path_parameters={"approvalId": malformed})

    assert response.status == 404
    assert "<script>" not in response.body


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"", "decision=approve or decision=reject"),
        (b"decision=maybe", "decision=approve or decision=reject"),
        (b"decision=reject&name=Ada", "Give a reason to reject"),
        (b"decision=reject&reason=%20%0D%0A", "Give a reason to reject"),
        (b"decision=approve&reason=" + b"a" * 1001, "at most 1000"),
        (b"decision=approve&name=" + b"a" * 101, "at most 100"),
        (b"decision=approve&decision=reject&reason=x", "sent twice"),
        (b"&".join(b"f%d=1" % i for i in range(21)), "too many fields"),
    ],
)
def test_bad_form_says_what_to_send(body: bytes, complaint: str) -> None:
    api = Api()

    response = api.post(body)

    assert response.status == 400
    assert complaint in response.body
    assert response.body.index("<form") < response.body.index("Accuracy")
    assert api.recorded is None


def test_what_was_typed_is_kept_when_something_is_missing() -> None:
    response = Api().post(b"decision=maybe&name=Ada+%22A%22&reason=Because+%3Cb%3E")

    assert 'value="Ada &quot;A&quot;"' in response.body
    assert "Because &lt;b&gt;</textarea>" in response.body


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'"approve"', b'{"decision": 1}', b'{"decision": null}', b"\xff"]
)
def test_bad_json_is_a_bad_request(body: bytes) -> None:
    api = Api()

    response = api.post(body, content_type="application/json", accept="application/json")

    assert response.status == 400
    assert json.loads(response.body)["message"]
    assert api.recorded is None


def test_line_ends_of_browsers_count_once() -> None:
    api = Api()

    assert api.post(b"decision=approve&reason=" + b"%0D%0A".join([b"a" * 249] * 4)).status == 200
    assert api.recorded is not None
    assert "\r" not in api.recorded.reason


def test_half_a_character_is_dropped() -> None:
    # Given text that JSON can spell and UTF-8 cannot
    api = Api()

    body = b'{"decision": "approve", "name": "A\\ud800da\\u0000"}'
    assert api.post(body, content_type="application/json").status == 200

    assert api.recorded is not None
    assert api.recorded.decided_by == "Ada"


def test_other_content_types_are_unsupported() -> None:
    assert Api().post(content_type="text/plain").status == 415
    assert Api().post(content_type=None).status == 415
    assert Api().post(content_type="Application/X-WWW-Form-URLEncoded; charset=utf-8").status == 200


def test_large_body_is_refused() -> None:
    api = Api()

    assert api.post(b"decision=approve&x=" + b"a" * 16 * 1024).status == 413
    assert api.recorded is None


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_not_allowed(method: str) -> None:
    response = Api().get(method=method)

    assert response.status == 405
    assert response.headers["allow"] == "GET, HEAD, POST"


def test_body_that_is_not_base64_is_a_bad_request() -> None:
    event = events.load("http_approval_post_form")

    assert Api().send({**event, "body": "%%%"}).status == 400


_TEXT = st.text(max_size=40)
_BODIES = st.one_of(
    st.binary(max_size=300),
    st.builds(
        lambda d, n, r: json.dumps({"decision": d, "name": n, "reason": r}).encode(),
        st.one_of(st.sampled_from(["approve", "reject"]), _TEXT, st.integers(), st.none()),
        st.one_of(_TEXT, st.none(), st.lists(_TEXT)),
        st.one_of(st.text(max_size=1100), st.none()),
    ),
)


@given(
    method=st.sampled_from(["GET", "HEAD", "POST", "PUT", "FOO"]),
    content_type=st.sampled_from(
        ["application/json", "application/x-www-form-urlencoded", "text/plain", ""]
    ),
    accept=st.sampled_from(["application/json", "text/html", "*/*", ""]),
    approval_id=st.one_of(st.just(APPROVAL.approval_id), st.text(max_size=130)),
    body=_BODIES,
)
def test_no_input_is_a_server_error(
    method: str, content_type: str, accept: str, approval_id: str, body: bytes
) -> None:
    api = Api()
    event = events.http(
        "http_approval_post_form",
        method=method,
        headers={"content-type": content_type, "accept": accept},
        path_parameters={"approvalId": approval_id},
        body=body,
    )

    response = api.send(event)

    assert response.status < 500
    # What is answered and recorded can be sent on as UTF-8 JSON.
    json.dumps(response.to_event(), ensure_ascii=False).encode()
    if api.workflow.told:
        assert api.recorded == api.workflow.told[0]
        json.dumps(api.recorded.reason + api.recorded.decided_by, ensure_ascii=False).encode()
    if method != "POST":
        assert api.approvals.writes == 0
