"""Runs executions: stage after stage, the actions of a run order side by side."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from pathlib import Path

from local.codebuild.builds import Builds, ObjectLocation
from local.pipeline import variables
from local.pipeline.actions import kind_of
from local.pipeline.actions.base import ActionFailedError, Outcome, Work
from local.pipeline.artifacts import new_key
from local.pipeline.definition import Action, Stage
from local.pipeline.events import RESUMED, Events
from local.pipeline.executions import (
    CANCELLED,
    FAILED,
    IN_PROGRESS,
    STOPPED,
    STOPPING,
    SUCCEEDED,
    ActionRun,
    Execution,
    StageRun,
)
from local.pipeline.locks import StageLocks
from local.pipeline.surroundings import Surroundings

logger = logging.getLogger(__name__)


class Runner:
    """Runs the executions of one pipeline, each in a thread of its own.

    Everything that is known of them changes under `changed` only.
    """

    def __init__(
        self,
        surroundings: Surroundings,
        builds: Builds,
        *,
        pipeline_arn: str,
        changed: threading.Condition,
    ) -> None:
        self._surroundings = surroundings
        self._builds = builds
        self._arn = pipeline_arn
        self._changed = changed
        self._locks = StageLocks(changed)
        self.events = Events(surroundings, pipeline_arn=pipeline_arn)

    def start(self, execution: Execution, *, resumed: bool = False) -> None:
        """Run an execution from its first stage that has not succeeded."""
        self.events.of_execution(execution, state=RESUMED if resumed else None)
        name = f"pipeline-{execution.id[:8]}"
        threading.Thread(target=self._run, args=(execution,), name=name, daemon=True).start()

    def log_of(self, execution: Execution, stage: str, action: str) -> Path:
        """The log file of an action."""
        folder = self._surroundings.state_dir / "logs" / "pipeline" / execution.definition.name
        return folder / execution.id / f"{stage}.{action}.log"

    def _run(self, execution: Execution) -> None:
        try:
            for stage in execution.next_stages():
                with self._changed:
                    entered = self._locks.enter(stage.name, execution)
                if not entered or not self._stage_succeeds(execution, stage):
                    break
            with self._changed:
                if execution.status == STOPPING:
                    execution.end(STOPPED, execution.stop_reason)
                elif execution.status == IN_PROGRESS:
                    failed = any(run.status == FAILED for run in execution.stages.values())
                    execution.end(FAILED if failed else SUCCEEDED)
                self._locks.leave(execution)
            if execution.status != CANCELLED:  # Whoever has cancelled it has told.
                self.events.of_execution(execution)
        except Exception:
            logger.exception("The execution %s broke", execution.id)
            with self._changed:
                execution.end(FAILED, "The local cloud failed: see its log")
                self._locks.leave(execution)
            self.events.of_execution(execution)

    def _stage_succeeds(self, execution: Execution, stage: Stage) -> bool:
        with self._changed:
            before = execution.stages.get(stage.name)
            run = StageRun(name=stage.name, done=dict(before.done) if before else {})
            execution.stages[stage.name] = run
        self.events.of_stage(execution, run, state=RESUMED if before else None)
        for group in stage.in_order():
            if not self._group_succeeds(execution, run, group):
                break
        with self._changed:
            if run.status == IN_PROGRESS:
                missing = [a.name for a in stage.actions if a.name not in run.done]
                stopped = execution.status == STOPPING
                run.status = (STOPPED if stopped else FAILED) if missing else SUCCEEDED
        self.events.of_stage(execution, run)
        return run.status == SUCCEEDED

    def _group_succeeds(
        self, execution: Execution, stage: StageRun, group: tuple[Action, ...]
    ) -> bool:
        """Run actions side by side, each to its end, unless the execution ends before."""
        due = [action for action in group if action.name not in stage.done]
        runs: list[ActionRun] = []
        told: set[str] = set()  # The ids of those whose end was told.
        with self._changed:
            if execution.status != IN_PROGRESS:
                return False
            for action in due:
                run = self._new_run(execution, stage.name, action)
                execution.actions.append(run)
                runs.append(run)
            self._changed.notify_all()
        for run in runs:
            threading.Thread(
                target=self._run_action,
                args=(execution, stage, run, told),
                name=f"action-{run.id[:8]}",
                daemon=True,
            ).start()
        with self._changed:
            self._changed.wait_for(
                lambda: not execution.goes_on or execution.abandoned or len(told) == len(runs)
            )
            if execution.abandoned and execution.goes_on:
                execution.end(STOPPED, execution.stop_reason)
                self._changed.notify_all()
            return execution.goes_on and all(run.status == SUCCEEDED for run in runs)

    def _new_run(self, execution: Execution, stage: str, action: Action) -> ActionRun:
        name, bucket = execution.definition.name, execution.definition.store.bucket
        outputs = {
            artifact: ObjectLocation(bucket=bucket, key=new_key(pipeline=name, artifact=artifact))
            for artifact in action.outputs
        }
        inputs = {artifact: execution.artifacts[artifact] for artifact in action.inputs}
        url = self.log_of(execution, stage, action.name).absolute().as_uri()
        return ActionRun(stage=stage, action=action, inputs=inputs, outputs=outputs, url=url)

    def _run_action(
        self, execution: Execution, stage: StageRun, run: ActionRun, told: set[str]
    ) -> None:
        self.events.of_action(execution, run)
        log = self.log_of(execution, stage.name, run.action.name)
        try:
            log.parent.mkdir(parents=True, exist_ok=True)
            _say(log, f"{stage.name} {run.action.name} of execution {execution.id}")
            outcome = self._work(execution, run, log)
        except ActionFailedError as error:
            self._fail(execution, run, error.code, error.message)
        except Exception as error:
            logger.exception("The action %s of %s broke", run.action.name, execution.id)
            message = f"The local cloud failed: {type(error).__name__}: {error}"
            self._fail(execution, run, "SystemUnavailable", message)
        else:
            self._succeed(execution, stage, run, outcome)
        with contextlib.suppress(OSError):  # A full disk must not keep the execution from its end.
            _say(log, f"{run.status}: {run.error or run.summary}")
        self.events.of_action(execution, run)
        with self._changed:
            told.add(run.id)
            self._changed.notify_all()

    def _work(self, execution: Execution, run: ActionRun, log: Path) -> Outcome:
        action, trigger = run.action, execution.trigger
        try:
            run.configuration = {
                name: variables.resolve(text, execution.variables)
                for name, text in action.configuration.items()
            }
        except variables.UnresolvedError as error:
            raise ActionFailedError("ConfigurationError", str(error)) from error
        kind = kind_of(action)
        if kind is None:
            raise ActionFailedError("ConfigurationError", f"{action.kind} is not offered")

        def began(external_id: str) -> None:
            with self._changed:
                run.external_id, run.updated = external_id, time.time()

        return kind.run(
            Work(
                id=run.id,
                execution_id=execution.id,
                pipeline_arn=self._arn,
                definition=execution.definition,
                action=action,
                configuration=run.configuration,
                inputs=run.inputs,
                outputs=run.outputs,
                branch=trigger.branches.get(action.name),
                commit=trigger.commits.get(action.name),
                source_version=execution.source_version,
                log=log,
                cancelled=lambda: execution.abandoned,
                began=began,
                surroundings=self._surroundings,
                builds=self._builds,
            )
        )

    def _succeed(
        self, execution: Execution, stage: StageRun, run: ActionRun, outcome: Outcome
    ) -> None:
        with self._changed:
            if run.status != IN_PROGRESS:
                return  # Abandoned: what it has made does not count.
            run.variables, run.summary = outcome.variables, outcome.summary
            run.revision = outcome.revision
            execution.artifacts.update(run.outputs)
            if run.action.namespace:
                execution.variables[run.action.namespace] = dict(outcome.variables)
            stage.done[run.action.name] = run
            run.end(SUCCEEDED)
            execution.updated = run.updated

    def _fail(self, execution: Execution, run: ActionRun, code: str, message: str) -> None:
        with self._changed:
            if run.status != IN_PROGRESS:
                return
            run.error_code, run.error = code, message
            run.end(FAILED)
            execution.updated = run.updated


def _say(log: Path, text: str) -> None:
    with log.open("a", encoding="utf-8") as lines:
        lines.write(f"{text}\n")
