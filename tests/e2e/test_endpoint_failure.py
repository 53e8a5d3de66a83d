"""A model that passes its test and then cannot serve; an endpoint that is not well before it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.image_build import PushedImage
from local.release import Release, decide, wait_for
from tests.e2e.models import failing_endpoint
from tests.e2e.system import EVERYBODY, Approved, Definition, System
from tests.e2e.web import ask_signed

_ROW = {"data": "4.5,1.3,0.3,0.3"}
# Batch transform sets SAGEMAKER_BATCH; on an endpoint this ends before it is ever healthy.
_SERVE = """\
import os, pathlib, sys, time
if "SAGEMAKER_BATCH" not in os.environ:
    time.sleep(2)
    sys.exit("no GPU here")
program = str(pathlib.Path(__file__).with_name("serve-well"))
os.execv(sys.executable, [sys.executable, program])
"""


def _break_serving(container: Path) -> None:
    (container / "serve").rename(container / "serve-well")
    (container / "serve").write_text(_SERVE, encoding="utf-8")


@pytest.fixture(scope="module")
def broken(system: System) -> PushedImage:
    """An image whose model is fine in batch transform only."""
    return system.push("serves in batch transform only", _break_serving)


def test_the_old_model_answers_while_and_after_an_update_fails(
    system: System, live: dict[str, Any], broken: PushedImage
) -> None:
    # Given a live model and a release of a broken one, approved
    release = system.release(broken)
    decide(release.wait_for_approval_link(), decision="approve", reason="")
    # When its endpoint is tried
    seen = set()
    while release.outcome().status == "RUNNING":
        answer = ask_signed(system.cloud, system.inference_url, _ROW)
        assert (answer.status, answer.json()) == (200, {"result": "setosa"})
        endpoint = system.endpoint()
        assert endpoint is not None
        seen.add(endpoint["EndpointStatus"])
    # Then it never stopped answering, is as it was, and everybody is told
    outcome = release.outcome()
    assert (outcome.status, outcome.error) == ("FAILED", "EndpointRolledBack")
    assert seen == {"InService", "Updating"}
    endpoint = system.endpoint()
    assert endpoint is not None
    assert endpoint["EndpointStatus"] == "InService"
    assert endpoint["EndpointConfigName"] == live["EndpointConfigName"]
    assert ask_signed(system.cloud, system.inference_url, _ROW).json() == {"result": "setosa"}
    news = [mail for mail in release.mails() if mail["subject"].startswith("FAILED")]
    assert sorted(mail["to"] for mail in news) == EVERYBODY
    assert "did not pass the ping health check" in news[0]["body"]


def test_a_first_endpoint_that_fails_is_removed(system: System, broken: PushedImage) -> None:
    # Given no endpoint
    system.delete_endpoint()
    nothing = ask_signed(system.cloud, system.inference_url, _ROW)
    assert nothing.status == 503
    assert "No model is live" in nothing.json()["message"]
    # When the broken model is approved
    release = system.release(broken)
    outcome = system.approved(release)
    # Then the failed endpoint does not stay, and the reason is mailed
    assert (outcome.status, outcome.error) == ("FAILED", "EndpointFailed")
    assert "did not pass the ping health check" in outcome.cause
    assert system.endpoint() is None
    news = [mail for mail in release.mails() if mail["subject"].startswith("FAILED")]
    assert sorted(mail["to"] for mail in news) == EVERYBODY
    assert "did not pass the ping health check" in news[0]["body"]


@pytest.mark.usefixtures("live")
def test_an_endpoint_that_answers_otherwise_than_tested_is_told(
    system: System, first: Approved, image: PushedImage
) -> None:
    # Given a test that saw another prediction than the model makes
    def lie(definition: Definition) -> None:
        known = definition["States"]["Is the input complete?"]["Assign"]
        known["evaluation"]["samplePrediction"] = "a tulip"

    release = system.waiting(first, image, lie)
    # When it is approved
    outcome = system.approved(release)
    # Then the release fails by the smoke test's own error
    assert (outcome.status, outcome.error) == ("FAILED", "SmokeTestFailed")
    assert "a tulip" in release.mails()[-1]["body"]


def test_a_model_that_fails_only_when_it_is_tried_is_taken_back(
    system: System, live: dict[str, Any], first: Approved
) -> None:
    # Given a model that is healthy and answers nothing but errors; nobody else asks it, so that
    # the alarm stays quiet while it is rolled out
    failing = system.push("fails when it is asked", failing_endpoint)
    release = system.waiting(first, failing)
    # When it is approved
    outcome = system.approved(release)
    # Then it went all the way, and the trial takes it back
    assert (outcome.status, outcome.error) == ("FAILED", "SmokeTestFailed"), outcome
    states = system.states_of(release)
    assert "Is the new model live?" in states
    assert "Put the last model back" in states
    endpoint = system.endpoint()
    assert endpoint is not None
    assert endpoint["EndpointStatus"] == "InService"
    assert endpoint["EndpointConfigName"] == live["EndpointConfigName"]
    assert ask_signed(system.cloud, system.inference_url, _ROW).json() == {"result": "setosa"}
    # And its version is rejected, and everybody is told
    assert _status(system, release) == "Rejected"
    news = [mail for mail in release.mails() if mail["subject"].startswith("FAILED")]
    assert sorted(mail["to"] for mail in news) == EVERYBODY
    for part in ("SmokeTestFailed", "no GPU here", "serves again"):
        assert part in news[0]["body"], news[0]["body"]
    _quiet_again(system)


@pytest.fixture
def ringing(system: System) -> Iterator[str]:
    """The name of an alarm that always rings."""
    cloudwatch, name = system.client("cloudwatch"), "always-rings"
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="Tests",
        MetricName="NeverMeasured",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="breaching",
    )
    yield name
    cloudwatch.delete_alarms(AlarmNames=[name])


def test_a_ringing_alarm_keeps_the_endpoint_as_it_is(
    system: System, live: dict[str, Any], first: Approved, image: PushedImage, ringing: str
) -> None:
    # Given an alarm of the live model that rings
    def look_at_it(definition: Definition) -> None:
        definition["States"]["Look at the alarms"]["Arguments"]["AlarmNames"] = [ringing]

    release = system.waiting(first, image, look_at_it)
    # When a new model is approved
    outcome = system.approved(release)
    # Then nothing changes, and nobody blames the new model
    assert (outcome.status, outcome.error) == ("FAILED", "EndpointUnhealthy"), outcome
    assert ringing in outcome.cause
    assert "make rollback" in release.mails()[-1]["body"]
    assert system.endpoint() == live
    assert _status(system, release) == "Approved"


def _status(system: System, release: Release) -> str:
    number = int(system.approval(release)["modelPackageArn"].rpartition("/")[2])
    return system.versions()[number]


def _quiet_again(system: System) -> None:
    """The failing trial has made an alarm ring, and no model gets live before that is over."""

    def ringing() -> list[str]:
        alarms = system.client("cloudwatch").describe_alarms(StateValue="ALARM")["MetricAlarms"]
        return [item["AlarmName"] for item in alarms if item["Namespace"] == "AWS/SageMaker"]

    wait_for(lambda: not ringing(), seconds=90, what="the end of the alarm")
