"""A model that passes its test and then never gets healthy on an endpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from local.release import decide
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
def broken(system: System) -> str:
    """An image whose model is fine in batch transform only."""
    return system.push("serves in batch transform only", _break_serving)


def test_the_old_model_answers_while_and_after_an_update_fails(
    system: System, live: dict[str, Any], broken: str
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


def test_a_first_endpoint_that_fails_is_removed(system: System, broken: str) -> None:
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
    system: System, first: Approved, image: str
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
