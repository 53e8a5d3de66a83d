"""What is known of a pipeline's executions: their stages, actions, artifacts and variables."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from local.codebuild.builds import ObjectLocation
from local.pipeline.actions.base import Revision
from local.pipeline.definition import Action, Definition, Stage

IN_PROGRESS, SUCCEEDED, FAILED = "InProgress", "Succeeded", "Failed"
STOPPING, STOPPED, CANCELLED, SUPERSEDED = "Stopping", "Stopped", "Cancelled", "Superseded"
ABANDONED = "Abandoned"
_GOES_ON = (IN_PROGRESS, STOPPING)


@dataclass(frozen=True, kw_only=True)
class Trigger:
    """What started an execution, in the API's words, and for a push its commits by action."""

    kind: str
    detail: str = ""
    commits: Mapping[str, str] = field(default_factory=dict)
    branches: Mapping[str, str] = field(default_factory=dict)


@dataclass(kw_only=True)
class ActionRun:
    """One run of an action."""

    stage: str
    action: Action
    inputs: Mapping[str, ObjectLocation]
    outputs: Mapping[str, ObjectLocation]
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    started: float = field(default_factory=time.time)
    updated: float = field(default_factory=time.time)
    status: str = IN_PROGRESS
    configuration: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    external_id: str | None = None
    url: str = ""
    summary: str = ""
    error_code: str | None = None
    error: str | None = None
    revision: Revision | None = None

    def end(self, status: str) -> None:
        """Note its end."""
        self.status, self.updated = status, time.time()


@dataclass(kw_only=True)
class StageRun:
    """A stage of an execution; a retry makes another one."""

    name: str
    started: float = field(default_factory=time.time)
    status: str = IN_PROGRESS
    done: dict[str, ActionRun] = field(default_factory=dict)


@dataclass(kw_only=True)
class Execution:
    """One execution of a pipeline.

    Attributes:
        version: of the pipeline; another one does not go on with it.
        waits_for: the stage that it waits to enter.
        abandoned: actions that run shall not be waited for any more, and builds stop.
        attempt: how often it was started or retried.
    """

    definition: Definition
    version: int
    trigger: Trigger
    variables: dict[str, dict[str, str]]
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    started: float = field(default_factory=time.time)
    updated: float = field(default_factory=time.time)
    status: str = IN_PROGRESS
    summary: str = ""
    stages: dict[str, StageRun] = field(default_factory=dict)
    actions: list[ActionRun] = field(default_factory=list)
    artifacts: dict[str, ObjectLocation] = field(default_factory=dict)
    waits_for: str | None = None
    stop_reason: str = ""
    abandoned: bool = False
    attempt: int = 1

    @property
    def goes_on(self) -> bool:
        """Whether it has not ended."""
        return self.status in _GOES_ON

    @property
    def source_version(self) -> str:
        """The first revision that its sources have found; empty before."""
        found = (run.revision.id for run in self.actions if run.revision)
        return next(found, "")

    def end(self, status: str, summary: str = "") -> None:
        """Note its end; what runs of it is abandoned."""
        self.status, self.summary, self.updated = status, summary, time.time()
        self.waits_for = None
        for run in self.actions:
            if run.status == IN_PROGRESS:
                run.end(ABANDONED)
        in_stage = {SUPERSEDED: CANCELLED}.get(status, status)
        for stage in self.stages.values():
            if stage.status in _GOES_ON:
                stage.status = in_stage

    def latest(self, stage: str, action: str) -> ActionRun | None:
        """The newest run of an action."""
        return next(
            (
                run
                for run in reversed(self.actions)
                if (run.stage, run.action.name) == (stage, action)
            ),
            None,
        )

    def next_stages(self) -> list[Stage]:
        """The stages that have not succeeded yet."""
        return [
            stage
            for stage in self.definition.stages
            if stage.name not in self.stages or self.stages[stage.name].status != SUCCEEDED
        ]
