"""The same commit released again, and two releases at a time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.e2e.system import Approved, System
from tests.e2e.web import ask_signed


def test_one_commit_can_be_released_again_and_twice_at_once(
    system: System, first: Approved, live: dict[str, Any], image: str
) -> None:
    # Given two more releases of a commit that is live
    older, newer = system.release(image), system.release(image)
    older.wait_for_approval_link()
    newer.wait_for_approval_link()
    assert older.approval_link() != newer.approval_link()
    # When both wait, and are approved one after the other
    outcomes = []
    for release in (older, newer):
        outcome = system.approved(release)
        assert outcome.status == "SUCCEEDED", outcome
        outcomes.append(outcome.output)
        # Then the same endpoint serves what was approved last
        endpoint = system.endpoint()
        assert endpoint is not None
        assert endpoint["EndpointStatus"] == "InService"
        assert endpoint["EndpointConfigName"] == outcome.output["endpointConfigName"]
        assert endpoint["EndpointArn"] == live["EndpointArn"]
        assert endpoint["CreationTime"] == live["CreationTime"], "updated, not created anew"
    # And no two runs have shared a name, and the mailed link has not changed
    names = [first.outcome.output["modelName"], *(output["modelName"] for output in outcomes)]
    assert len(set(names)) == len(names)
    for release in (first.release, older, newer):
        assert system.inference_url in release.mails()[-1]["body"]
    answer = ask_signed(system.cloud, system.inference_url, {"data": "5.9,3,5.1,1.8"})
    assert answer.json() == {"result": "virginica"}


def test_releases_approved_at_the_same_moment_never_look_like_a_rollback(
    system: System, first: Approved, image: str
) -> None:
    # Given two releases that wait
    releases = [system.release(image), system.release(image)]
    for release in releases:
        release.wait_for_approval_link()
    # When both are approved at once
    with ThreadPoolExecutor(len(releases)) as pool:
        outcomes = list(pool.map(system.approved, releases))
    # Then one of them is live, and the other was live before it or says who was faster
    endpoint = system.endpoint()
    assert endpoint is not None
    live = [outcome for outcome in outcomes if outcome.status == "SUCCEEDED"]
    assert endpoint["EndpointConfigName"] in [o.output["endpointConfigName"] for o in live]
    assert {o.error for o in outcomes if o not in live} <= {"ReleaseSuperseded"}
    assert first.outcome.output["endpointConfigName"] != endpoint["EndpointConfigName"]
