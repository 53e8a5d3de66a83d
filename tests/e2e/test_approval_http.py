"""The approval API against everything that is not a plain click, on the deployed API."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

import pytest

from local.release import Release, wait_for
from tests.e2e.system import ADA, APPROVERS, GRACE, PATIENCE_SECONDS, Approved, System
from tests.e2e.web import FORM, JSON, Answer, ask, look, submit

_PEOPLE = 200


@pytest.fixture
def link(waiting: Release) -> str:
    """Ada's link to a release that waits."""
    return waiting.wait_for_approval_link(ADA)


def test_what_cannot_be_a_decision_is_told_and_decides_nothing(waiting: Release, link: str) -> None:
    form = "decision=approve"
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
        (400, submit(link, decision="approve", reason="x" * 1001)),
        (400, submit(link, decision="reject")),
    ]
    assert [answer.status for _, answer in refused] == [status for status, _ in refused]
    for _, answer in refused:
        assert "Traceback" not in answer.text
        assert answer.headers["cache-control"] == "no-store"
    assert refused[0][1].headers["allow"] == "GET, HEAD, POST"
    assert look(link)["decision"] is None
    assert waiting.outcome().status == "RUNNING"


def _replaced(link: str, **parts: str) -> str:
    """A link with other parts in its query string; a part that is empty is left out."""
    base, _, query = link.partition("?")
    given = {name: values[0] for name, values in parse_qs(query).items()} | parts
    return f"{base}?{'&'.join(f'{name}={value}' for name, value in given.items() if value)}"


def test_only_a_whole_link_of_ones_own_opens(
    system: System, first: Approved, waiting: Release, link: str
) -> None:
    # Given a link's parts, and those of another approver and another approval
    own, grace = parse_qs(urlsplit(link).query), waiting.approval_links()[GRACE]
    other = parse_qs(urlsplit(first.link).query)
    hers = parse_qs(urlsplit(grace).query)
    signature = own["signature"][0]
    wrong = [
        (400, link.partition("?")[0]),
        (400, _replaced(link, signature="")),
        (400, _replaced(link, expires="")),
        (400, _replaced(link, approver="")),
        (400, _replaced(link, signature=signature[:-5])),
        (400, f"{link}&signature={signature}"),
        (400, _replaced(link, expires="tomorrow")),
        (400, link.replace("/approvals/", "/approvals/x")),
        (403, _replaced(link, signature="A" * 43)),
        (403, _replaced(link, signature=other["signature"][0])),
        (403, _replaced(link, signature=hers["signature"][0])),
        (403, _replaced(link, approver=hers["approver"][0])),
        (403, _replaced(link, expires=str(int(own["expires"][0]) + 1))),
        (403, link.replace(urlsplit(link).path.rpartition("/")[2], "0" * 32)),
    ]
    # When somebody opens or answers what is put together of them
    for status, changed in wrong:
        answers = [ask("GET", changed), submit(changed, decision="approve")]
        # Then nothing opens and nothing is told
        for answer in answers:
            assert answer.status == status, changed
            _assert_reveals_nothing(answer, system, waiting)
        assert ask("HEAD", changed).status == status
    assert look(link)["votes"] == []


def _assert_reveals_nothing(answer: Answer, system: System, release: Release) -> None:
    approval = system.approval(release)
    for name in ("approvalId", "commitId", "taskToken", "executionArn"):
        assert approval[name] not in answer.text
    assert "example.com" not in answer.text
    assert "accuracy" not in answer.text.lower()


def test_a_decision_stands(system: System, waiting: Release, link: str) -> None:
    # Given a rejection by Grace
    hers = waiting.approval_links()[GRACE]
    said = json.dumps({"decision": "reject", "reason": "Not good enough"})
    accept = {**JSON, "Accept": "application/json"}
    decided = ask("POST", hers, body=said, headers=accept)
    assert (decided.status, decided.json()["decision"]) == (200, "rejected")
    ended = system.ended(waiting)
    # When Ada approves, then the page says who decided what, and nothing changes
    late = submit(link, decision="approve")
    assert late.status == 409
    assert f"{GRACE} rejected this model" in late.text
    assert look(link)["decidedBy"] == GRACE
    assert waiting.outcome() == ended
    assert ended.error == "ReleaseRejected"


def test_of_two_hundred_answers_at_once_exactly_one_decides(
    system: System, waiting: Release
) -> None:
    # Given all approvers, who click again and again and answer differently, all at once
    links = waiting.approval_links()

    def answer(number: int) -> int:
        verdict = "approve" if number % 3 else "reject"
        link = links[APPROVERS[number % 2]]

        def taken() -> int | None:
            # A busy machine may answer 503, which asks to try again.
            status = submit(link, decision=verdict, reason=f"answer {number}").status
            return status if status != HTTPStatus.SERVICE_UNAVAILABLE else None

        status: int = wait_for(taken, seconds=PATIENCE_SECONDS, what="an answer")
        return status

    with ThreadPoolExecutor(_PEOPLE) as people:
        statuses = list(people.map(answer, range(_PEOPLE)))
    # Then one of them has decided, and all others are told so
    assert sorted(statuses) == [200] + [409] * (_PEOPLE - 1)
    winner = statuses.index(200)
    decision = {
        "decision": "approved" if winner % 3 else "rejected",
        "decidedBy": APPROVERS[winner % 2],
        "reason": f"answer {winner}",
    }
    # And table, page and run tell the same
    item = system.approval(waiting)
    [vote] = item["votes"].values()
    assert item["status"] == decision["decision"].upper()
    assert (vote["verdict"], vote["approver"], vote["reason"]) == tuple(decision.values())
    for link in links.values():
        state = look(link)
        assert {name: state[name] for name in decision} == decision
    outcome = system.ended(waiting)
    if winner % 3:
        told = outcome.output["decision"]
        assert {name: told[name] for name in decision} == decision
        assert told["decidedAt"] == item["settledAt"]
    else:
        assert outcome.error == "ReleaseRejected"
        assert outcome.cause == f"Rejected by {decision['decidedBy']}: {decision['reason']}"
    assert system.approval(waiting)["votes"] == item["votes"]
