"""A run of the pipeline as a person watches it, in a terminal or through `git push`."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from local.deployment import deployment_of, pipeline_place, session
from local.pipeline_runs import Action, PipelineRuns, Run
from local.release import Outcome, Release
from local.running_cloud import RunningCloud
from local.show import show_release, try_live, was_not_wanted
from local.terminal import say

_POLL_SECONDS = 0.5
_RESTART_SECONDS = 20
_WAITS_AFTER_SECONDS = 3
_LAST_LINES = 20
_FEW_LINES = 4
_LOGS = Path("logs", "pipeline")
_GOES_LIVE = "StepFunctions"
_BUILDS = "CodeBuild"


class Progress:
    """Follows one run to its end, and on into the run that a changed pipeline starts instead.

    Args:
        decision: `approve` or `reject` decides over the mailed links; empty waits for people.
        subject: the first line of a commit's message, by its hash.
    """

    def __init__(
        self,
        cloud: RunningCloud,
        pipeline: PipelineRuns,
        *,
        decision: str,
        subject: Callable[[str], str] = lambda _: "",
    ) -> None:
        self._cloud = cloud
        self._pipeline = pipeline
        self._decision = decision
        self._subject = subject
        self._outcomes: dict[str, Outcome] = {}  # of the releases shown, by their action
        self._last = ""  # the execution of the newest of them

    def follow(self, execution_id: str) -> int:
        """Show stages and actions as they begin and end.

        Returns:
            0 when the run succeeded, or people did not want its release; else 1.
        """
        say(f"== {self._pipeline.name}, run {execution_id}")
        say("   Ctrl-C ends this view and not the run; `make pipeline` shows it.")
        run = self._follow_one(execution_id)
        while run.status == "Cancelled":
            successor = self._successor(run)
            if successor is None:
                break
            say("\n== The commit has changed the pipeline itself. It begins again, as it is now:")
            say(f"   {self._pipeline.name}, run {successor.execution_id}")
            run = self._follow_one(successor.execution_id)
        return self._end(run)

    def _follow_one(self, execution_id: str) -> Run:
        begun: set[str] = set()
        ended: set[str] = set()
        idle_since = time.monotonic()
        told_commit = told_waiting = False
        while True:
            # Looked at before its actions, so that the last of them is told too.
            run = self._pipeline.run(execution_id)
            if run.commit and not told_commit:
                say(f"   commit {run.commit[:8]} {self._subject(run.commit)}".rstrip())
                told_commit = True
            ended_before = len(ended)
            for action in self._pipeline.actions(execution_id):
                if action.execution_id not in begun:
                    begun.add(action.execution_id)
                    say(f"-> {action.title}")
                    if action.provider == _BUILDS and action.status == "InProgress":
                        # Nothing is told here until its end, minutes later.
                        say(f"   Its output, as it comes: {self._log(action, execution_id)}")
                if action.execution_id not in ended and self._look_at(action, execution_id):
                    ended.add(action.execution_id)
            if run.has_ended:
                return run
            if begun != ended or len(ended) > ended_before:
                idle_since, told_waiting = time.monotonic(), False
            # Before its first stage or between two, where another run holds the next one.
            waits = time.monotonic() - idle_since > _WAITS_AFTER_SECONDS
            if begun == ended and waits and not told_waiting:
                self._tell_waiting(run)
                told_waiting = True
            time.sleep(_POLL_SECONDS)

    def _look_at(self, action: Action, execution_id: str) -> bool:
        """Show what is new of an action; whether it has ended."""
        releases = action.provider == _GOES_LIVE and action.external_id
        if releases and action.execution_id not in self._outcomes:
            release = Release(self._cloud, execution_arn=action.external_id)
            shown = show_release(release, decision=self._decision)
            self._outcomes[action.execution_id] = shown
            self._last = action.external_id
        if action.status == "InProgress":
            return False
        how = action.status.lower()
        say(f"   {action.title}: {how} after {action.seconds:.1f} s")
        if action.status == "Failed":
            self._tell_failure(action, execution_id)
        return True

    def _tell_failure(self, action: Action, execution_id: str) -> None:
        log = self._log(action, execution_id)
        lines = action.message.splitlines()
        if log.is_file() and len(lines) < _FEW_LINES:  # A build's message ends with its output.
            text = log.read_text(encoding="utf-8", errors="replace")
            lines += ["", *text.splitlines()[-_LAST_LINES:]]
        for line in lines:
            say(f"   | {line}".rstrip())
        say(f"   All of it: {log}")

    def _log(self, action: Action, execution_id: str) -> Path:
        folder = self._cloud.state_dir / _LOGS / self._pipeline.name / execution_id
        return folder / f"{action.stage}.{action.name}.log"

    def _tell_waiting(self, run: Run) -> None:
        before = [
            other.execution_id
            for other in self._pipeline.runs()
            if not other.has_ended and other.started < run.started
        ]
        if before:
            say(f"   It waits its turn: run {before[0]} is on its way.")

    def _successor(self, cancelled: Run) -> Run | None:
        deadline = time.monotonic() + _RESTART_SECONDS
        while time.monotonic() < deadline:
            found = self._pipeline.successor(cancelled)
            if found:
                return found
            time.sleep(_POLL_SECONDS)
        return None

    def _end(self, run: Run) -> int:
        took = (run.updated - run.started).total_seconds()
        summary = f": {run.summary}" if run.summary else ""
        say(f"\nThe run {run.execution_id} ended as {run.status} after {took:.0f} s{summary}")
        outcomes = list(self._outcomes.values())
        if run.status == "Succeeded":
            if outcomes and outcomes[-1].status == "SUCCEEDED":
                deployment = deployment_of(self._cloud, self._last)
                try_live(self._cloud, deployment, outcomes[-1], by_hand=True)
            return 0
        return 0 if outcomes and was_not_wanted(outcomes[-1]) else 1


def pipeline_of(cloud: RunningCloud) -> PipelineRuns:
    """The pipeline on a cloud, asked as its root."""
    return PipelineRuns.of(session(cloud, pipeline_place(cloud)).client("codepipeline"))
