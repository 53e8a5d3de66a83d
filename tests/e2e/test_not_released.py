"""A person says no: nothing is released and everybody is told."""

from __future__ import annotations

from typing import Any

from local.image_build import PushedImage
from tests.e2e.system import EVERYBODY, GRACE, System
from tests.e2e.web import look, submit


def test_a_rejection_releases_nothing(
    system: System, image: PushedImage, live: dict[str, Any]
) -> None:
    # Given a release that waits for a decision
    release = system.release(image)
    link = release.wait_for_approval_link(GRACE)
    # When a person rejects it without a reason, then with one
    unreasoned = submit(link, decision="reject")
    assert unreasoned.status == 400
    assert "Give a reason" in unreasoned.text
    assert look(link)["decision"] is None
    answer = submit(link, decision="reject", reason="Too weak on <b>virginica</b>")
    # Then the run ends as rejected, everybody reads who and why, and the endpoint is untouched
    assert answer.status == 200
    outcome = system.ended(release)
    assert (outcome.status, outcome.error) == ("FAILED", "ReleaseRejected")
    assert GRACE in outcome.cause
    assert "Too weak on <b>virginica</b>" in outcome.cause
    news = [mail for mail in release.mails() if mail["subject"].startswith("REJECTED: iris")]
    assert sorted(mail["to"] for mail in news) == EVERYBODY
    assert f"rejected by {GRACE}" in news[0]["body"]
    assert "Too weak on <b>virginica</b>" in news[0]["body"]
    assert system.endpoint() == live
