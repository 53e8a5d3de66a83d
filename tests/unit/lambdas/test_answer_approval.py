"""The approval page: GET shows, POST decides once, the workflow always gets to know."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from answer_approval.handler import respond
from hypothesis import given
from hypothesis import strategies as st
from shared.approvals import AlreadyDecided, Approval, Decision
from shared.http import HttpResponse

from tests.unit.lambdas import events
from tests.unit.lambdas.approval_fakes import (
    APPROVAL,
    APPROVED,
    NOW,
    FakeApprovals,
    FakeWorkflow,
)

_FORM = {"content-type": "application/x-www-form-urlencoded"}


class Api:
    """The function with its two sides faked."""

    def __init__(self, approval: Approval | None = APPROVAL) -> None:
        self.approvals = FakeApprovals({approval.approval_id: approval} if approval else {})
        self.workflow = FakeWorkflow()

    def send(self, event: dict[str, Any], *, now: int = NOW) -> HttpResponse:
        return respond(event, approvals=self.approvals, workflow=self.workflow, now=now)

    def get(self, *, now: int = NOW, **variation: Any) -> HttpResponse:
        return self.send(events.http("http_approval_get", **variation), now=now)

    def post(
        self, body: bytes = b"decision=approve&name=Ada", *, now: int = NOW, **headers: str | None
    ) -> HttpResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        event = events.http("http_approval_post_form", body=body, headers={**_FORM, **named})
        return self.send(event, now=now)

    @property
    def recorded(self) -> Decision | None:
        return self.approvals.items[APPROVAL.approval_id].decision


def test_get_shows_the_evidence_and_the_form() -> None:
    api = Api()

    response = api.get()

    assert response.status == 200
    for evidence in ("iris", "1a2b3c4d", "96.7 %", "virginica", "s3://release-data/predictions/"):
        assert evidence in response.body
    assert 'value="approve"' in response.body
    assert 'value="reject"' in response.body


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_changes_nothing(method: str) -> None:
    # Given a mail scanner that follows every link, several times
    api = Api()

    for _ in range(3):
        assert api.get(method=method).status == 200

    assert api.approvals.writes == 0
    assert not api.workflow.told


def test_head_has_the_headers_of_get_and_no_body() -> None:
    assert Api().get(method="HEAD").body == ""
    assert Api().get(method="HEAD").headers == Api().get().headers


def test_approve_records_and_then_tells() -> None:
    api = Api()

    response = api.send(events.load("http_approval_post_form"))

    assert response.status == 200
    assert "Ada Lovelace approved this model" in response.body
    assert api.recorded == api.workflow.told[0]
    assert api.recorded == Decision(
        verdict="approved",
        decided_by="Ada Lovelace",
        reason="Good on all classes",
        decided_at="2026-11-22T14:31:00Z",
        source_ip="203.0.113.7",
    )
    assert api.approvals.items[APPROVAL.approval_id].workflow_told_at == "2026-11-22T14:31:00Z"


def test_reject_by_json_answers_json() -> None:
    api = Api()

    response = api.send(events.load("http_approval_post_json"))

    content = json.loads(response.body)
    assert response.status == 200
    assert content["decision"] == "rejected"
    assert content["decidedBy"] == "Ada Lovelace"
    assert content["reason"] == "Confuses versicolor and virginica"
    assert [decision.verdict for decision in api.workflow.told] == ["rejected"]


def test_plain_curl_is_enough_to_approve() -> None:
    api = Api()

    response = api.post(b"decision=approve", accept="*/*")

    assert response.status == 200
    assert api.recorded is not None
    assert api.recorded.decided_by == "unnamed approver"


def test_second_decision_is_refused_and_shows_the_first() -> None:
    api = Api()
    api.post(b"decision=approve&name=Ada")

    second = api.post(b"decision=reject&name=Eve&reason=No")

    assert second.status == 409
    assert "Ada approved this model at 2026-11-22T14:31:00Z" in second.body
    assert len(api.workflow.told) == 1
    assert api.recorded is not None
    assert api.recorded.verdict == "approved"


def test_get_after_the_decision_shows_it_without_a_form() -> None:
    api = Api()
    api.post(b"decision=approve&name=Ada")

    page = api.get()

    assert page.status == 200
    assert "Ada approved this model" in page.body
    assert "<form" not in page.body


def test_decision_that_was_never_told_is_repaired_by_any_later_post() -> None:
    # Given a decision that is recorded while the workflow cannot be reached
    api = Api()
    api.workflow.reachable = False
    first = api.post(b"decision=approve&name=Ada")
    assert first.status == 503
    assert first.headers["retry-after"] == "5"
    assert "Tell the workflow again" in first.body
    assert "Tell the workflow again" in api.get().body

    # When somebody posts anything once it can be reached
    api.workflow.reachable = True
    repaired = api.post(b"decision=reject&name=Eve&reason=No")

    # Then the workflow gets the recorded decision, not the new one
    assert repaired.status == 200
    assert "has now been told" in repaired.body
    assert [(d.verdict, d.decided_by) for d in api.workflow.told] == [("approved", "Ada")]
    assert api.post().status == 409


def test_run_that_no_longer_waits_is_gone() -> None:
    api = Api()
    api.workflow.waiting_for = None

    response = api.post()

    assert response.status == 410
    assert "no longer waits" in response.body
    assert api.recorded is not None


def test_double_click_shows_the_decision_and_no_error() -> None:
    # Given a second request that saw the decision before the first had told the workflow
    class Slow(FakeApprovals):
        reads = 0

        def get(self, approval_id: str) -> Approval | None:
            self.reads += 1
            told = "2026-11-22T14:30:31Z" if self.reads > 1 else None
            return replace(APPROVAL, decision=APPROVED, workflow_told_at=told)

    api = Api()
    api.approvals = Slow()
    api.workflow.waiting_for = None

    response = api.post()

    assert response.status == 409
    assert "Grace Hopper approved this model" in response.body


def test_slower_of_two_deciders_sees_the_faster_ones_decision() -> None:
    class Raced(FakeApprovals):
        def decide(self, approval_id: str, *, decision: Decision, now: int) -> Approval:
            self.items[approval_id] = replace(
                APPROVAL, decision=APPROVED, workflow_told_at=APPROVED.decided_at
            )
            raise AlreadyDecided

    api = Api()
    api.approvals = Raced(api.approvals.items)

    response = api.post(b"decision=reject&name=Eve&reason=No")

    assert response.status == 409
    assert "Grace Hopper approved" in response.body
    assert not api.workflow.told


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_expired_is_gone(method: str) -> None:
    api = Api()

    response = api.send(
        events.http("http_approval_post_form", method=method), now=APPROVAL.expires_at
    )

    assert response.status == 410
    assert api.approvals.writes == 0
    assert not api.workflow.told


def test_unknown_id_is_not_found() -> None:
    assert Api(None).get().status == 404
    assert Api(None).post().status == 404


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
    assert "<form" in response.body
    assert api.recorded is None


def test_what_was_typed_is_kept_when_something_is_missing() -> None:
    response = Api().post(b"decision=maybe&name=Ada&reason=Because+%3Cb%3E")

    assert 'value="Ada"' in response.body
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
