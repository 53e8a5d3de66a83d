"""The approval page: GET shows, POST decides once, the workflow always gets to know."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from shared.approvals import AlreadyDecided, Approval, Decision

from tests.unit.lambdas import events
from tests.unit.lambdas.approval_fakes import (
    APPROVAL,
    APPROVED,
    Api,
    FakeApprovals,
)


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


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("application/json", "application/json"),
        ("text/html, application/json", "text/html"),
        ("*/*", "text/html"),
        (None, "text/html"),
    ],
)
def test_programs_get_json_and_people_a_page(accept: str | None, content_type: str) -> None:
    response = Api().post(accept=accept)

    assert response.headers["content-type"].startswith(content_type)


def test_second_decision_is_refused_and_shows_the_first() -> None:
    api = Api()
    api.post(b"decision=approve&name=Ada")

    second = api.post(b"decision=reject&name=Eve&reason=No")

    assert second.status == 409
    assert "Ada approved this model on Sunday 22 November 2026, 14:31 UTC" in second.body
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
            return replace(self.items[approval_id], decision=APPROVED, workflow_told_at=told)

    api = Api()
    api.approvals = Slow(api.approvals.items)
    api.workflow.waiting_for = None

    response = api.post()

    assert response.status == 409
    assert "Grace Hopper approved this model" in response.body


def test_slower_of_two_deciders_sees_the_faster_ones_decision() -> None:
    class Raced(FakeApprovals):
        def decide(self, approval_id: str, *, decision: Decision, now: int) -> Approval:
            super().decide(approval_id, decision=APPROVED, now=now)
            self.mark_told(approval_id, told_at=APPROVED.decided_at)
            raise AlreadyDecided(decision.verdict)

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
