"""Two people must approve; one rejection rejects; the committer may not approve."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.deployment import deploy
from local.image_build import PushedImage
from local.release import Release, wait_for
from local.running_cloud import RunningCloud
from tests.e2e.system import ADA, GRACE, Definition, System
from tests.e2e.tree import SETTINGS
from tests.e2e.web import ask, look, submit

EDSGER = "edsger@example.com"
_CHANGES = {
    f'approvers = ["{ADA}", "{GRACE}"]': f'approvers = ["{ADA}", "{GRACE}", "{EDSGER}"]',
    "approvals_required = 1": "approvals_required = 2",
    "committer_may_approve = true": "committer_may_approve = false",
}


@pytest.fixture(scope="module")
def strict(
    tmp_path_factory: pytest.TempPathFactory, environments: Path
) -> Iterator[tuple[System, PushedImage]]:
    """A cloud of its own with these rules, and an image."""
    state_dir = tmp_path_factory.mktemp("strict")
    (state_dir / "environments").symlink_to(environments)
    text = SETTINGS.read_text(encoding="utf-8")
    for old, new in _CHANGES.items():
        assert old in text
        text = text.replace(old, new)
    settings = state_dir / "settings.toml"
    settings.write_text(text, encoding="utf-8")
    cloud = RunningCloud.start(state_dir, engine=None)
    try:
        system = System(cloud=cloud, deployment=deploy(cloud, settings=settings))
        system.put_iris()
        yield system, system.push("the sample model")
    finally:
        cloud.stop()


@pytest.fixture
def asked(strict: tuple[System, PushedImage]) -> Iterator[Release]:
    """A release of Edsger's commit that waits; the reminder comes after seconds."""
    system, image = strict

    def hurry(definition: Definition) -> None:
        definition["States"]["Ask for approval"]["TimeoutSeconds"] = 8

    given = image.release_input(committer=EDSGER.upper())
    release = system.start_changed(given, hurry)
    for approver in (ADA, GRACE, EDSGER):
        release.wait_for_approval_link(approver)
    yield release
    release.abort()


def test_two_people_approve(strict: tuple[System, PushedImage], asked: Release) -> None:
    # Given one approval of the two that are needed
    system, _ = strict
    links = asked.approval_links()
    noted = submit(links[ADA], decision="approve", reason="Good")
    assert (noted.status, look(links[ADA])["status"]) == (200, "PENDING")
    assert "1 more approval is needed" in noted.text
    # Then the same person cannot give the other, nor can the committer
    again = submit(links[ADA], decision="approve")
    assert again.status == 409
    assert "You have already approved" in again.text
    own = submit(links[EDSGER], decision="approve")
    assert own.status == 403
    assert "somebody else must approve" in own.text
    # And the run waits, through its reminder, which Ada does not get
    system.reached(asked, "Remind the approvers")
    wait_for(lambda: len(_reminded(asked)) == 2, seconds=90, what="the reminders")
    assert _reminded(asked) == [EDSGER, GRACE]
    assert asked.outcome().status == "RUNNING"
    assert f"{ADA}</dt><dd>approved" in ask("GET", links[GRACE]).text
    # When the second person approves, then it goes live, and says who let it
    decided = submit(links[GRACE], decision="approve", reason="Fine")
    assert (decided.status, look(links[GRACE])["status"]) == (200, "APPROVED")
    outcome = system.ended(asked)
    assert outcome.status == "SUCCEEDED", outcome
    assert outcome.output["decision"]["decidedBy"] == f"{ADA}, {GRACE}"
    assert outcome.output["decision"]["reason"] == "Good; Fine"


def test_one_rejection_rejects(strict: tuple[System, PushedImage], asked: Release) -> None:
    # Given an approval
    system, _ = strict
    links = asked.approval_links()
    assert submit(links[ADA], decision="approve").status == 200
    # When the committer, who may not approve, rejects
    assert submit(links[EDSGER], decision="reject", reason="My mistake").status == 200
    # Then it is rejected, and no approval counts any more
    outcome = system.ended(asked)
    assert (outcome.error, outcome.cause) == (
        "ReleaseRejected",
        f"Rejected by {EDSGER}: My mistake",
    )
    late = submit(links[GRACE], decision="approve")
    assert late.status == 409
    assert f"{EDSGER} rejected this model" in late.text


def test_a_release_of_an_unknown_committer_is_told(strict: tuple[System, PushedImage]) -> None:
    system, image = strict
    release = system.release(image)
    assert system.ended(release).error == "InvalidReleaseInput"


def _reminded(release: Release) -> list[str]:
    mails = [mail for mail in release.mails() if mail["subject"].startswith("REMINDER: ")]
    return sorted(mail["to"] for mail in mails)
