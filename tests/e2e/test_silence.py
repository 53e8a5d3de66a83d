"""Nobody answers at once: a reminder, and an end of its own."""

from __future__ import annotations

from typing import Any

from local.image_build import PushedImage
from local.release import wait_for
from tests.e2e.system import ADA, APPROVERS, EVERYBODY, Approved, Definition, System
from tests.e2e.web import ask, look, submit

_SECONDS = 3
_ASK, _REMIND = "Ask for approval", "Remind the approvers"


def test_a_reminder_comes_and_its_link_decides(
    system: System, first: Approved, image: PushedImage, live: dict[str, Any]
) -> None:
    # Given a workflow whose half-time comes soon
    def hurry(definition: Definition) -> None:
        definition["States"][_ASK]["TimeoutSeconds"] = _SECONDS

    release = system.waiting(first, image, hurry)
    asked, token = release.approval_links(), system.approval(release)["taskToken"]
    # When nobody has answered by then
    system.reached(release, _REMIND)

    def reminders() -> list[dict[str, str]]:
        return [mail for mail in release.mails() if mail["subject"].startswith("REMINDER: ")]

    wait_for(lambda: len(reminders()) == len(APPROVERS), seconds=90, what="the reminders")
    # Then everybody is asked again by the same link, and another token waits
    assert sorted(mail["to"] for mail in reminders()) == APPROVERS
    assert release.approval_links() == asked
    assert system.approval(release)["taskToken"] != token
    assert look(asked[ADA])["status"] == "PENDING"
    # And it decides
    assert submit(asked[ADA], decision="approve", reason="Better late").status == 200
    outcome = system.ended(release)
    assert outcome.status == "SUCCEEDED", outcome
    assert outcome.output["decision"]["reason"] == "Better late"
    endpoint = system.endpoint()
    assert endpoint is not None
    assert endpoint["EndpointConfigName"] != live["EndpointConfigName"]


def test_silence_ends_the_wait_and_a_late_click_is_told(
    system: System, first: Approved, image: PushedImage, live: dict[str, Any]
) -> None:
    # Given a workflow whose question and reminder are over soon
    def hurry(definition: Definition) -> None:
        for name in (_ASK, _REMIND):
            state = definition["States"][name]
            state["TimeoutSeconds"] = _SECONDS
            state["Arguments"]["Payload"]["timeoutSeconds"] = 2 * _SECONDS

    release = system.waiting(first, image, hurry)
    links = release.approval_links()
    # When nobody answers
    outcome = system.ended(release)
    # Then the run ends by its own error, and everybody is told
    assert (outcome.status, outcome.error) == ("FAILED", "ApprovalTimedOut")
    assert system.approval(release)["status"] == "EXPIRED"
    news = [mail for mail in release.mails() if mail["subject"].startswith("NOT RELEASED")]
    assert sorted(mail["to"] for mail in news) == EVERYBODY
    assert "Nobody approved or rejected" in news[0]["body"]
    # And a late click is told, and changes nothing
    for link in links.values():
        for late in (ask("GET", link), submit(link, decision="approve")):
            assert late.status == 410
            assert "The time to decide is over" in late.text
    assert release.outcome() == outcome
    assert system.approval(release)["votes"] == {}
    assert system.endpoint() == live
