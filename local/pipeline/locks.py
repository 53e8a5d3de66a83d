"""Who may enter a stage: one execution at a time, by the pipeline's execution mode.

https://docs.aws.amazon.com/codepipeline/latest/userguide/concepts-how-it-works.html
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable

from local.pipeline.executions import STOPPING, SUPERSEDED, Execution

PARALLEL, QUEUED = "PARALLEL", "QUEUED"


class StageLocks:
    """The stages of one pipeline.

    QUEUED: executions enter in the order in which they have come. SUPERSEDED: of those that wait,
    only the newest stays. PARALLEL: nobody waits. An execution has its stage until it waits for the
    next one, so that none overtakes another between two stages.
    """

    def __init__(self, condition: threading.Condition) -> None:
        self._changed = condition
        self._inside: dict[str, Execution] = {}
        self._waiting: dict[str, list[Execution]] = defaultdict(list)

    def enter(self, stage: str, execution: Execution) -> bool:
        """Wait for a stage, under the condition; False if the execution has ended meanwhile.

        It has not ended yet, but will not enter, if it is to be stopped.
        """
        if execution.definition.mode == PARALLEL:
            return execution.goes_on and execution.status != STOPPING
        waiting = self._waiting[stage]
        if execution.definition.mode != QUEUED:
            for older in waiting:
                older.end(SUPERSEDED, f"Superseded by {execution.id}")
            waiting.clear()
        waiting.append(execution)
        execution.waits_for = stage
        # Its last try of the same stage ends by itself.
        self._free(other for other in self._held_by(execution) if other != stage)
        self._changed.wait_for(lambda: self._may_enter(stage, execution))
        execution.waits_for = None
        if execution in waiting:
            waiting.remove(execution)
        entered = execution.goes_on and execution.status != STOPPING
        if entered:
            self._inside[stage] = execution
        self._changed.notify_all()
        return entered

    def leave(self, execution: Execution) -> None:
        """Let the next one into whatever stage it has; under the condition."""
        self._free(self._held_by(execution))

    def _held_by(self, execution: Execution) -> list[str]:
        return [stage for stage, inside in self._inside.items() if inside is execution]

    def _free(self, stages: Iterable[str]) -> None:
        for stage in stages:
            del self._inside[stage]
        self._changed.notify_all()

    def _may_enter(self, stage: str, execution: Execution) -> bool:
        if not execution.goes_on or execution.status == STOPPING:
            return True
        waiting = self._waiting[stage]
        free = stage not in self._inside
        return free and bool(waiting) and waiting[0] is execution
