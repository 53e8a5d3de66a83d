"""The approval API against everything that is not a plain click, on the deployed API."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from local.release import Release
from tests.e2e.system import System
from tests.e2e.web import FORM, JSON, ask, look, submit


@pytest.fixture
def link(waiting: Release) -> str:
    """The mailed link of a release that waits."""
    return waiting.wait_for_approval_link()


def test_looking_fifty_times_decides_nothing(waiting: Release, link: str) -> None:
    for _ in range(25):
        page = ask("GET", link)
        assert (page.status, page.headers["cache-control"]) == (200, "no-store")
        assert "<form" in page.text
        head = ask("HEAD", link)
        assert (head.status, head.text) == (200, "")
    assert look(link)["decision"] is None
    assert waiting.outcome().status == "RUNNING"


def test_what_cannot_be_a_decision_is_told_and_decides_nothing(waiting: Release, link: str) -> None:
    form = "decision=approve&name=Ada"
    refused = [
        (405, ask("PUT", link, body=form, headers=FORM)),
        (405, ask("DELETE", link)),
        (415, ask("POST", link, body=form, headers={"Content-Type": "text/plain"})),
        (415, ask("POST", link, body=form)),
        (413, ask("POST", link, body=form + "&reason=" + "x" * 1_000_000, headers=FORM)),
        (400, ask("POST", link, body='{"decision": "approve"', headers=JSON)),
        (400, ask("POST", link, body='["approve"]', headers=JSON)),
        (400, ask("POST", link, body='{"decision": true}', headers=JSON)),
        (400, ask("POST", link, body=b"\xff\xfe\x00", headers=JSON)),
        (400, ask("POST", link, body=b"\xff\xfe\x00", headers=FORM)),
        (400, ask("POST", link, body="", headers=FORM)),
        (400, ask("POST", link, body="decision=perhaps", headers=FORM)),
        (400, ask("POST", link, body=form + "&decision=reject", headers=FORM)),
        (400, ask("POST", link, body=form + "x" * 101, headers=FORM)),
        (400, submit(link, decision="approve", reason="x" * 1001, name="Ada")),
        (400, submit(link, decision="reject", name="Ada")),
    ]
    assert [answer.status for _, answer in refused] == [status for status, _ in refused]
    for _, answer in refused:
        assert "Traceback" not in answer.text
        assert answer.headers["cache-control"] == "no-store"
    assert refused[0][1].headers["allow"] == "GET, HEAD, POST"
    assert look(link)["decision"] is None
    assert waiting.outcome().status == "RUNNING"


@pytest.mark.parametrize(
    "approval_id", ["0" * 36, "short", "%2e%2e%2fetc%2fpasswd", "<script>alert(1)</script>"]
)
def test_an_unknown_approval_is_not_there(link: str, approval_id: str) -> None:
    elsewhere = f"{link.rpartition('/')[0]}/{approval_id}"
    for answer in (ask("GET", elsewhere), submit(elsewhere, decision="approve", name="Ada")):
        assert answer.status == 404
        assert "<script>" not in answer.text


def test_a_decision_stands(system: System, waiting: Release, link: str) -> None:
    # Given a rejection
    said = json.dumps({"decision": "reject", "name": "Grace", "reason": "Not good enough"})
    accept = {**JSON, "Accept": "application/json"}
    decided = ask("POST", link, body=said, headers=accept)
    assert (decided.status, decided.json()["decision"]) == (200, "rejected")
    ended = system.ended(waiting)
    # When somebody else approves
    late = submit(link, decision="approve", name="Ada")
    # Then the page says who decided what, and nothing changes
    assert late.status == 409
    assert "Grace rejected this model" in late.text
    assert look(link)["decidedBy"] == "Grace"
    assert waiting.outcome() == ended
    assert ended.error == "ReleaseRejected"


def test_of_twenty_answers_at_once_exactly_one_decides(
    system: System, waiting: Release, link: str
) -> None:
    # Given twenty people who answer differently, all at once
    def answer(number: int) -> int:
        verdict = "approve" if number % 2 else "reject"
        return submit(link, decision=verdict, reason=f"{number}", name=f"Person {number}").status

    with ThreadPoolExecutor(20) as people:
        statuses = list(people.map(answer, range(20)))
    # Then one of them has decided, all others are told so, and the run follows that one
    assert set(statuses) <= {200, 409}, statuses
    assert 200 in statuses
    state = look(link)
    number = int(state["decidedBy"].removeprefix("Person "))
    assert state["reason"] == str(number)
    assert state["decision"] == ("approved" if number % 2 else "rejected")
    outcome = system.ended(waiting)
    if number % 2:
        assert outcome.output["decision"]["decidedBy"] == state["decidedBy"]
    else:
        assert (outcome.error, state["decidedBy"] in outcome.cause) == ("ReleaseRejected", True)
    news = [mail for mail in waiting.mails() if not mail["subject"].startswith("Approve")]
    assert len({mail["subject"] for mail in news}) == 1
