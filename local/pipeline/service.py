"""The pipelines of the local cloud: made by templates, started by pushes and by the API."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class PushOutcome:
    """What a push did to one pipeline.

    Attributes:
        pipeline: its name.
        execution_id: the execution that it started; None if it started nothing.
        reason: why it started one, or why nothing started, as a sentence.
    """

    pipeline: str
    execution_id: str | None
    reason: str


class Pipelines:
    """The pipelines of this cloud."""

    def pushed(self, *, branch: str, before: str, after: str) -> list[PushOutcome]:
        """Let the triggers look at a push to the repository; one outcome for each pipeline.

        Args:
            before: the branch's commit before the push, 40 zeros for a new branch.
            after: its commit now, 40 zeros for a branch that was deleted.
        """
        raise NotImplementedError

    def start(self, name: str, *, commit: str | None = None) -> str:
        """Start an execution, as StartPipelineExecution does; its id.

        Args:
            commit: the one to release; None is the newest of the source action's branch.

        Raises:
            ApiError: the pipeline or the commit is unknown.
        """
        raise NotImplementedError
