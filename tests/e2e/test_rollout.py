"""Only better models reach the endpoint, and the last good one is always one step away."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from local.deployment import deploy
from local.release import Outcome, Release, decide, wait_for
from local.running_cloud import RunningCloud
from tests.e2e.load import Load, constant_load
from tests.e2e.models import VERSICOLOR, failing_endpoint, middling, worse
from tests.e2e.system import EVERYBODY, System
from tests.e2e.tree import settings_with

_SCALED_DOWN = 15


@pytest.fixture(scope="module")
def rollout(tmp_path_factory: pytest.TempPathFactory, environments: Path) -> Iterator[System]:
    """A cloud of its own whose endpoint is updated by a canary of a quarter."""
    state_dir = tmp_path_factory.mktemp("rollout")
    (state_dir / "environments").symlink_to(environments)
    settings = settings_with(state_dir, {"step_percent = 50": "step_percent = 25"})
    cloud = RunningCloud.start(state_dir, engine=None)
    try:
        made = System(cloud=cloud, deployment=deploy(cloud, settings=settings))
        made.put_iris()
        yield made
    finally:
        cloud.stop()


def test_releases_on_one_link_under_constant_load(rollout: System) -> None:
    # Given a first release, of a middling model
    link = rollout.inference_url
    first_release = rollout.release(rollout.push("middling", middling))
    first = rollout.approved(first_release)
    assert first.status == "SUCCEEDED", first
    assert "There is no live model yet" in _gate(rollout, first_release)["summary"]
    endpoint = _endpoint(rollout)
    with constant_load(rollout, VERSICOLOR) as load:
        _answered(load, "virginica", since=0)
        # When a better one is released, then both answer for a while, and then it alone
        began = time.monotonic()
        second_release = rollout.release(rollout.push("the sample model"))
        second = rollout.approved(second_release)
        assert second.status == "SUCCEEDED", second
        _answered(load, "versicolor", since=time.monotonic())
        _assert_shared(load, began)
        told("release 2, canary", load, began)
        _assert_live(rollout, second, endpoint)
        # When a worse one is released, then the gate stops it before anybody is asked
        began = time.monotonic()
        third_release = rollout.release(rollout.push("worse", worse))
        _assert_stopped(rollout, third_release)
        told("release 3, gate", load, began)
        # When one fails on every endpoint, then the alarm takes it back
        began = time.monotonic()
        fourth_release = rollout.release(rollout.push("no GPU", failing_endpoint))
        seen = _states_seen(rollout, fourth_release)
        _assert_rolled_back(fourth_release, rollout.ended(fourth_release))
        assert {"Updating", "RollingBack"} & seen, seen
        told("release 4, rolled back", load, began)
        assert _errors_of_the_model(rollout) > 0, "the failing model was never asked"
        _assert_live(rollout, second, endpoint)
        assert {answer.result for answer in load.since(began)} == {"versicolor"}
        # When the first version is put back, then it serves again, without being asked
        began = time.monotonic()
        arn = first.output["modelPackageArn"]
        back_release = rollout.start({"modelPackageArn": arn, "reason": "It knows virginica"})
        back = rollout.ended(back_release)
        assert back.status == "SUCCEEDED", back
        _answered(load, "virginica", since=time.monotonic())
        told("release 1 put back", load, began)
    # Then no request has failed because of all that, on one and the same link
    told("in all", load, 0)
    assert load.failures() == []
    assert link == rollout.inference_url
    _assert_put_back(rollout, back_release, back, first)
    # And every candidate is a version, with what became of it
    assert rollout.versions() == {1: "Approved", 2: "Approved", 3: "Rejected", 4: "Rejected"}
    # And no function that follows the ends of releases was given up
    assert rollout.given_up() == []


def told(what: str, load: Load, began: float) -> None:
    """Show a person what the load has seen."""
    print(f"{what}: {time.monotonic() - began:.1f} s, {load.counted(began)}" if began else
          f"{what}: {load.counted()}")  # fmt: skip


def _answered(load: Load, result: str, *, since: float) -> None:
    wait_for(
        lambda: any(answer.result == result for answer in load.since(since)),
        seconds=_SCALED_DOWN,
        what=f"an answer {result!r}",
    )


def _assert_shared(load: Load, began: float) -> None:
    """Both models have answered in turn: the old one once more after the new one's first."""
    results = [answer.result for answer in load.since(began)]
    assert "virginica" in results[results.index("versicolor") :], results


def _endpoint(system: System) -> dict[str, Any]:
    found = system.endpoint()
    assert found is not None
    return found


def _assert_live(system: System, outcome: Outcome, before: dict[str, Any]) -> None:
    endpoint = _endpoint(system)
    assert endpoint["EndpointStatus"] == "InService"
    assert endpoint["EndpointConfigName"] == outcome.output["endpointConfigName"]
    assert endpoint["CreationTime"] == before["CreationTime"], "updated, not created anew"
    assert endpoint["ProductionVariants"][0]["DesiredInstanceCount"] >= 2


def _gate(system: System, release: Release) -> dict[str, Any]:
    gate: dict[str, Any] = system.evidence(release)["gate"]
    return gate


def _assert_stopped(system: System, release: Release) -> None:
    outcome = system.ended(release)
    assert (outcome.status, outcome.error) == ("FAILED", "QualityGateFailed"), outcome
    assert release.approval_links() == {}
    mails = release.mails()
    assert sorted(mail["to"] for mail in mails) == EVERYBODY
    # This one's, and the live one's on the same rows: 19 and 29 of 30
    for number in ("63.3 %", "96.7 %"):
        assert number in mails[0]["body"], mails[0]["body"]
        assert number in outcome.cause


def _states_seen(system: System, release: Release) -> set[str]:
    """Every status of the endpoint from the approval to the end."""
    decide(release.wait_for_approval_link(), decision="approve", reason="")
    seen = set()
    while release.is_running():
        seen.add(_endpoint(system)["EndpointStatus"])
    return seen


def _errors_of_the_model(system: System) -> float:
    now = datetime.now(UTC)
    points = system.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/SageMaker",
        MetricName="Invocation5XXErrors",
        Dimensions=[
            {"Name": "EndpointName", "Value": _endpoint(system)["EndpointName"]},
            {"Name": "VariantName", "Value": "AllTraffic"},
        ],
        StartTime=now - timedelta(minutes=10),
        EndTime=now + timedelta(minutes=1),
        Period=60,
        Statistics=["Sum"],
    )["Datapoints"]
    return float(sum(point["Sum"] for point in points))


def _assert_rolled_back(release: Release, outcome: Outcome) -> None:
    assert (outcome.status, outcome.error) == ("FAILED", "EndpointRolledBack"), outcome
    assert "ALARM" in outcome.cause
    news = [mail for mail in release.mails() if mail["subject"].startswith("FAILED")]
    assert sorted(mail["to"] for mail in news) == EVERYBODY
    assert "in the ALARM state" in news[0]["body"]


def _assert_put_back(system: System, release: Release, back: Outcome, first: Outcome) -> None:
    assert back.output["modelPackageArn"] == first.output["modelPackageArn"]
    assert back.output["version"] == 1
    _assert_live(system, back, _endpoint(system))
    states = system.states_of(release)
    assert "Train the model" not in states
    assert "Ask for approval" not in states
    news = release.mails()
    assert sorted(mail["to"] for mail in news) == EVERYBODY
    assert "It knows virginica" in news[0]["body"]
    assert system.inference_url in news[0]["body"]
