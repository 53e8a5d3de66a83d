"""What tells the workflow dies between the decision and the call; the decision is told anyway."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local.release import Release, wait_for
from tests.e2e.system import ADA, System
from tests.e2e.web import look, submit

_KILLS = 3


class Killer:
    """Ends processes of one function with SIGKILL as they start, as often as it is told."""

    def __init__(self, system: System, *, function: str, kills: int) -> None:
        self.killed: list[int] = []
        self._marks = (f"=iris-Production-Release-{function}", str(system.cloud.state_dir))
        self._kills = kills
        self._over = threading.Event()

    def strike(self) -> None:
        """Kill until it was enough."""
        while len(self.killed) < self._kills and not self._over.is_set():
            for pid in self.running():
                if pid not in self.killed:
                    os.kill(pid, signal.SIGKILL)
                    self.killed.append(pid)

    def running(self) -> list[int]:
        """The function's processes now."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                environment = (process / "environ").read_bytes().decode(errors="replace")
            except OSError:
                continue  # It has just ended, or belongs to somebody else.
            if all(mark in environment for mark in self._marks):
                found.append(int(process.name))
        return found

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Kill beside what a test does."""
        thread = threading.Thread(target=self.strike)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()


@pytest.mark.parametrize("decision", ["approve", "reject"])
def test_a_decision_survives_the_death_of_what_tells_it(
    system: System, waiting: Release, decision: str
) -> None:
    # Given no process of the function that tells the workflow
    killer = Killer(system, function="TellWorkflow", kills=_KILLS)
    for idle in killer.running():
        os.kill(idle, signal.SIGKILL)
    wait_for(lambda: not killer.running(), seconds=90, what="the end of idle processes")
    # When each that starts is killed, and somebody decides
    link = waiting.wait_for_approval_link(ADA)
    with killer.at_work():
        assert submit(link, decision=decision, reason="Seen").status == 200
        wait_for(lambda: len(killer.killed) >= _KILLS - 1, seconds=90, what="the kills")
        # Then the decision is written, and the workflow does not know it yet
        item = system.approval(waiting)
        assert item["status"] == {"approve": "APPROVED", "reject": "REJECTED"}[decision]
        assert "workflowToldAt" not in item
        assert waiting.outcome().status == "RUNNING"
        wait_for(lambda: len(killer.killed) == _KILLS, seconds=90, what="the last kill")
    # And it ends as it was decided, by itself
    outcome = system.ended(waiting)
    if decision == "approve":
        assert outcome.status == "SUCCEEDED", outcome
        assert outcome.output["decision"]["decidedBy"] == ADA
    else:
        assert (outcome.error, outcome.cause) == ("ReleaseRejected", f"Rejected by {ADA}: Seen")
    assert system.approval(waiting)["workflowToldAt"]
    assert look(link)["decidedBy"] == ADA
    assert len(killer.killed) == _KILLS
