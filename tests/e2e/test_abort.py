"""A person stops an execution: its job stops, and nothing of it stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.release import Release, wait_for
from tests.e2e.processes import mentioning
from tests.e2e.system import System
from tests.e2e.web import ask, look, submit

# Trains for ever, with a child that ignores a polite request to end.
_TRAIN = """\
import os, subprocess, sys, time
child = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
subprocess.Popen([sys.executable, "-c", child, os.environ["ML_ROOT"]])
print("trains for ever", flush=True)
time.sleep(600)
"""


def _never_finish(container: Path) -> None:
    (container / "train").write_text(_TRAIN, encoding="utf-8")


def test_an_abort_stops_the_training_job_and_its_processes(system: System) -> None:
    # Given a training that never ends
    release = system.release(system.push("trains for ever", _never_finish))
    logs = system.cloud.state_dir / "logs" / "training-jobs"
    wait_for(
        lambda: any("for ever" in log.read_text() for log in logs.glob(f"*{release.mark}*")),
        seconds=60,
        what="the training",
    )
    assert mentioning(release.mark)
    # When the execution is stopped
    release.abort()
    # Then the job stops, its processes end, and everybody concerned is told
    sagemaker = system.client("sagemaker")

    def status() -> str:
        [job] = sagemaker.list_training_jobs(NameContains=release.mark)["TrainingJobSummaries"]
        return str(job["TrainingJobStatus"])

    wait_for(lambda: status() == "Stopped", seconds=90, what="the job's stop")
    wait_for(lambda: not mentioning(release.mark), seconds=90, what="the end of its processes")
    assert release.outcome().status == "ABORTED"
    mails = wait_for(release.mails, seconds=90, what="the mail")
    assert all(mail["subject"].startswith("ABORTED: ") for mail in mails)


@pytest.mark.usefixtures("live")
def test_an_abort_closes_the_approval(system: System, waiting: Release) -> None:
    # Given a run that waits for a decision and is stopped
    link = waiting.wait_for_approval_link()
    before = system.endpoint()
    waiting.abort()
    # Then its approval is closed
    wait_for(lambda: look(link)["status"] == "CANCELLED", seconds=90, what="the closed approval")
    assert "The run was stopped" in ask("GET", link).text
    # When somebody approves it afterwards, then that is refused and changes nothing
    late = submit(link, decision="approve")
    assert late.status == 410
    assert "The run was stopped" in late.text
    assert look(link)["votes"] == []
    assert waiting.outcome().status == "ABORTED"
    assert system.endpoint() == before
