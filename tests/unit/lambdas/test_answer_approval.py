"""The approval page: GET shows, POST decides once, and each person has one vote."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.unit.lambdas import events
from tests.unit.lambdas.approval_fakes import (
    ADA,
    APPROVAL,
    GRACE,
    LIN,
    VOTED_AT,
    Api,
    vote,
)

_TWO = replace(APPROVAL, approvals_required=2)
_COMMITTED_BY_LIN = replace(APPROVAL, committer=LIN.title(), committer_may_approve=False)


def test_get_shows_the_evidence_then_the_form_and_who_decides() -> None:
    response = Api().get(ADA)

    assert response.status == 200
    for needed in ("iris", "1a2b3c4d", "96.7 %", "virginica", f"<strong>{ADA}</strong>"):
        assert needed in response.body
    assert "1 person must approve" in response.body
    assert response.body.index("96.7 %") < response.body.index("<form")
    assert 'value="approve"' in response.body
    assert 'value="reject"' in response.body


def test_the_page_links_the_prediction_files_and_tells_them_nothing() -> None:
    body = Api().get(ADA).body

    [key] = APPROVAL.evidence.evaluation.prediction_keys
    assert f'href="https://s3.example/{key}?X-Amz=1"' in body
    assert body.count("noreferrer") == body.count("href=")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_changes_nothing(method: str) -> None:
    # Given a mail scanner that follows every link, several times
    api = Api()

    for _ in range(3):
        assert api.get(method=method).status == 200

    assert api.approvals.writes == 0
    assert api.recorded == APPROVAL


def test_head_has_the_headers_of_get_and_no_body() -> None:
    assert Api().get(method="HEAD").body == ""
    assert Api().get(method="HEAD").headers == Api().get().headers


def test_approve_is_written_with_everything_about_it() -> None:
    api = Api()

    response = api.send(events.load("http_approval_post_form"))

    assert response.status == 200
    assert f"{ADA} approved this model on Sunday 22 November 2026, 14:31 UTC" in response.body
    assert api.recorded == replace(
        APPROVAL,
        status="APPROVED",
        settled_at=VOTED_AT,
        votes=(vote(ADA, reason="Good on all classes"),),
    )


def test_reject_by_json_answers_json() -> None:
    api = Api()

    response = api.send(events.load("http_approval_post_json"))

    content = json.loads(response.body)
    assert response.status == 200
    assert content["status"] == "REJECTED"
    assert content["decision"] == "rejected"
    assert content["decidedBy"] == content["approver"] == ADA
    assert content["decidedAt"] == VOTED_AT
    assert content["reason"] == "Confuses versicolor and virginica"
    assert content["predictionsUri"] == "s3://release-data/predictions/1a2b3c4d-20261122-5f0e9c/"
    assert content["votes"] == [
        {
            "approver": ADA,
            "verdict": "rejected",
            "reason": "Confuses versicolor and virginica",
            "votedAt": VOTED_AT,
        }
    ]


def test_json_before_the_decision_has_no_decision() -> None:
    content = json.loads(Api().get(accept="application/json").body)

    assert content["status"] == "PENDING"
    assert content["approvalsRequired"] == 1
    for name in ("decision", "decidedBy", "decidedAt", "reason"):
        assert content[name] is None


def test_plain_curl_is_enough_to_approve() -> None:
    api = Api()

    assert api.post(body=b"decision=approve", accept="*/*").status == 200
    assert api.recorded.status == "APPROVED"


def test_a_name_that_is_sent_along_counts_for_nothing() -> None:
    api = Api()

    assert api.post(ADA, b"decision=approve&name=Eve&name=Eve").status == 200
    assert [one.approver for one in api.recorded.votes] == [ADA]


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


@pytest.mark.parametrize("approver", [ADA, GRACE])
def test_second_decision_is_refused_and_shows_the_first(approver: str) -> None:
    api = Api()
    api.post(ADA)
    first = api.recorded

    second = api.post(approver, b"decision=reject&reason=No")

    assert second.status == 409
    assert "Already approved" in second.body
    assert f"{ADA} approved this model on Sunday 22 November 2026, 14:31 UTC" in second.body
    assert api.recorded == first


def test_get_after_the_decision_shows_it_to_everybody_without_a_form() -> None:
    api = Api()
    api.post(ADA, b"decision=reject&reason=Too+many+%3Cmistakes%3E")

    for approver in (ADA, GRACE):
        page = api.get(approver)
        assert page.status == 200
        assert f"{ADA} rejected this model" in page.body
        assert "Too many &lt;mistakes&gt;" in page.body
        assert "<form" not in page.body


def test_a_quorum_waits_for_the_second_person() -> None:
    api = Api(_TWO)

    first = api.post(ADA, b"decision=approve&reason=Good")
    assert first.status == 200
    assert "1 more approval is needed" in first.body
    assert api.recorded.settled_at is None

    # The second one sees what the first one said, and has a form
    page = api.get(GRACE).body
    assert "2 people must approve" in page
    assert ADA in page
    assert "Good" in page
    assert "<form" in page

    second = api.post(GRACE)
    assert second.status == 200
    assert f"{ADA} and {GRACE} approved this model" in second.body
    assert api.recorded.status == "APPROVED"


def test_nobody_votes_twice() -> None:
    api = Api(_TWO)
    api.post(ADA)

    again = api.post(ADA, b"decision=reject&reason=No")

    assert again.status == 409
    assert "You have already approved" in again.body
    assert api.recorded.votes == (vote(ADA),)
    assert "<form" not in api.get(ADA).body
    assert "You have approved" in api.get(ADA).body


def test_the_committer_sees_why_there_is_only_one_button() -> None:
    body = Api(_COMMITTED_BY_LIN).get(LIN).body

    assert "You committed this change, so somebody else must approve it" in body
    assert 'value="reject"' in body
    assert 'value="approve"' not in body
    assert 'value="approve"' in Api(_COMMITTED_BY_LIN).get(ADA).body


def test_the_committer_may_reject_and_not_approve() -> None:
    api = Api(_COMMITTED_BY_LIN)

    refused = api.post(LIN, b"decision=approve&reason=Mine")
    assert refused.status == 403
    assert "somebody else must approve" in refused.body
    assert "Mine</textarea>" in refused.body
    assert api.recorded == _COMMITTED_BY_LIN

    assert api.post(LIN, b"decision=reject&reason=Oops").status == 200
    assert api.recorded.status == "REJECTED"


def test_without_that_rule_the_committer_approves_as_everybody() -> None:
    api = Api(replace(APPROVAL, committer=LIN))

    assert api.post(LIN).status == 200
