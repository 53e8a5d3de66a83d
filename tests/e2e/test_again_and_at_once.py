"""The same commit released again, and two releases at a time."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from local.image_build import PushedImage
from tests.e2e.system import ADA, EVERYBODY, GRACE, Approved, Definition, System
from tests.e2e.web import ask, ask_signed, submit


def test_one_commit_can_be_released_again(
    system: System, first: Approved, live: dict[str, Any], image: PushedImage
) -> None:
    # Given two more releases of a commit that is live, one after the other
    releases = []
    for _ in range(2):
        release = system.release(image)
        outcome = system.approved(release)
        assert outcome.status == "SUCCEEDED", outcome
        releases.append((release, outcome.output))
        # Then the same endpoint serves what was approved last
        endpoint = system.endpoint()
        assert endpoint is not None
        assert endpoint["EndpointStatus"] == "InService"
        assert endpoint["EndpointConfigName"] == outcome.output["endpointConfigName"]
        assert endpoint["EndpointArn"] == live["EndpointArn"]
        assert endpoint["CreationTime"] == live["CreationTime"], "updated, not created anew"
    # And no two runs have shared a name or a link, and the inference link has not changed
    runs = [(first.release, first.outcome.output), *releases]
    assert len({output["modelName"] for _, output in runs}) == len(runs)
    assert len({release.wait_for_approval_link(ADA) for release, _ in runs}) == len(runs)
    for release, _ in runs:
        assert system.inference_url in release.mails()[-1]["body"]
    answer = ask_signed(system.cloud, system.inference_url, {"data": "5.9,3,5.1,1.8"})
    assert answer.json() == {"result": "virginica"}


def test_a_newer_release_supersedes_one_that_waits(
    system: System, first: Approved, image: PushedImage, live: dict[str, Any]
) -> None:
    # Given a release that waits for a decision
    older = system.waiting(first, image)
    links = older.approval_links()
    # When a newer one asks for approval
    newer = system.waiting(first, image)
    # Then the older run ends by its own error, and everybody is told
    outcome = system.ended(older)
    assert (outcome.status, outcome.error) == ("FAILED", "ReleaseSuperseded")
    commit = image.tag
    assert f"A newer release, commit {commit}" in outcome.cause
    news = [mail for mail in older.mails() if mail["subject"].startswith("SUPERSEDED: ")]
    assert sorted(mail["to"] for mail in news) == EVERYBODY
    # And its links say so, also to who wants to decide
    for link in links.values():
        page = ask("GET", link)
        assert (page.status, "<form" in page.text) == (200, False)
        assert f"A newer release, commit {commit}, took its place on" in page.text
    late = submit(links[GRACE], decision="approve")
    assert late.status == 409
    assert "A newer release" in late.text
    # And the newer one waits as before
    assert newer.outcome().status == "RUNNING"
    assert submit(newer.approval_links()[GRACE], decision="reject", reason="No").status == 200
    assert system.ended(newer).error == "ReleaseRejected"
    assert older.outcome() == outcome
    assert system.endpoint() == live


@pytest.fixture
def gate(system: System) -> Iterator[str]:
    """An activity that approved releases stop at until they are let go."""
    states = system.client("stepfunctions")
    arn: str = states.create_activity(name="gate")["activityArn"]
    yield arn
    states.delete_activity(activityArn=arn)


def test_releases_deployed_at_the_same_moment_never_look_like_a_rollback(
    system: System, first: Approved, image: PushedImage, gate: str
) -> None:
    def stop(definition: Definition) -> None:
        for choice in definition["States"]["Approved?"]["Choices"]:
            if "approved" in choice["Condition"]:
                state = {"Type": "Task", "Resource": gate, "Next": choice["Next"]}
                definition["States"]["Gate"] = state
                choice["Next"] = "Gate"

    # Given two releases that were approved, and stand before their deployment
    states = system.client("stepfunctions")
    releases, tokens = [], []
    for _ in range(2):
        release = system.waiting(first, image, stop)
        assert submit(release.approval_links()[ADA], decision="approve").status == 200
        releases.append(release)
        tokens.append(states.get_activity_task(activityArn=gate)["taskToken"])
    # When both go on at once
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda token: states.send_task_success(taskToken=token, output="{}"), tokens))
    outcomes = [system.ended(release) for release in releases]
    # Then one of them is live, and the other was live before it or says who was faster
    endpoint = system.endpoint()
    assert endpoint is not None
    live = [outcome for outcome in outcomes if outcome.status == "SUCCEEDED"]
    assert endpoint["EndpointConfigName"] in [o.output["endpointConfigName"] for o in live]
    assert {o.error for o in outcomes if o not in live} <= {"ReleaseSuperseded"}
    assert first.outcome.output["endpointConfigName"] != endpoint["EndpointConfigName"]
