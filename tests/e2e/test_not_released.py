"""A person says no, or says nothing: nothing is released and everybody is told."""

from __future__ import annotations

from typing import Any

from tests.e2e.system import EVERYBODY, Definition, System
from tests.e2e.web import look, submit

_SECONDS = 2


def test_a_rejection_releases_nothing(system: System, image: str, live: dict[str, Any]) -> None:
    # Given a release that waits for a decision
    release = system.release(image)
    link = release.wait_for_approval_link()
    # When a person rejects it without a reason, then with one
    unreasoned = submit(link, decision="reject", name="Grace")
    assert unreasoned.status == 400
    assert "Give a reason" in unreasoned.text
    assert look(link)["decision"] is None
    answer = submit(link, decision="reject", reason="Too weak on <b>virginica</b>", name="Grace")
    # Then the run ends as rejected, everybody reads who and why, and the endpoint is untouched
    assert answer.status == 200
    outcome = system.ended(release)
    assert (outcome.status, outcome.error) == ("FAILED", "ReleaseRejected")
    assert "Grace" in outcome.cause
    assert "Too weak on <b>virginica</b>" in outcome.cause
    news = [mail for mail in release.mails() if mail["subject"].startswith("REJECTED: iris")]
    assert sorted(mail["to"] for mail in news) == EVERYBODY
    assert "rejected by Grace" in news[0]["body"]
    assert "Too weak on <b>virginica</b>" in news[0]["body"]
    assert system.endpoint() == live


def test_silence_ends_the_wait_and_a_late_click_is_told(
    system: System, image: str, live: dict[str, Any]
) -> None:
    # Given a workflow whose question times out soon
    def hurry(definition: Definition) -> None:
        definition["States"]["Ask for approval"]["TimeoutSeconds"] = _SECONDS

    tag = image.rpartition(":")[2]
    release = system.start_changed({"commitID": tag, "imageUri": image}, hurry)
    # When nobody answers
    outcome = system.ended(release)
    # Then the run ends by its own error, and everybody is told
    assert (outcome.status, outcome.error) == ("FAILED", "ApprovalTimedOut")
    news = [mail for mail in release.mails() if mail["subject"].startswith("NOT RELEASED")]
    assert sorted(mail["to"] for mail in news) == EVERYBODY
    assert "Nobody approved or rejected" in news[0]["body"]
    # And a late click changes nothing
    late = submit(release.wait_for_approval_link(), decision="approve", name="Ada")
    assert late.status == 410
    assert "no longer waits" in late.text
    assert release.outcome() == outcome
    assert system.endpoint() == live
