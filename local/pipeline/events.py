"""State changes as EventBridge tells them.

https://docs.aws.amazon.com/codepipeline/latest/userguide/detect-state-changes-cloudwatch-events.html
"""

from __future__ import annotations

import datetime
import logging
from typing import Any

from local.codebuild.builds import ObjectLocation
from local.pipeline.executions import (
    ABANDONED,
    CANCELLED,
    FAILED,
    IN_PROGRESS,
    ActionRun,
    Execution,
    StageRun,
)
from local.pipeline.surroundings import Surroundings

_STATES = {IN_PROGRESS: "STARTED", CANCELLED: "CANCELED"}
RESUMED = "RESUMED"

logger = logging.getLogger(__name__)


class Events:
    """Tells what becomes of a pipeline's executions."""

    def __init__(self, surroundings: Surroundings, *, pipeline_arn: str) -> None:
        self._surroundings = surroundings
        self._arn = pipeline_arn

    def of_execution(self, execution: Execution, *, state: str | None = None) -> None:
        """Its state, else another word for it, such as RESUMED."""
        trigger = _trigger(execution)
        told = {**({"execution-trigger": trigger} if trigger else {})}
        self._send("Pipeline", execution, state or _state(execution.status), told)

    def of_stage(self, execution: Execution, stage: StageRun, *, state: str | None = None) -> None:
        """The state of a stage; a failed one names its failed actions."""
        failed = [
            {"action": run.action.name, "additional-information": run.error or ""}
            for run in execution.actions
            if run.stage == stage.name and run.status == FAILED and run.started >= stage.started
        ]
        told = {"stage": stage.name, **({"failed-actions": failed} if failed else {})}
        self._send("Stage", execution, state or _state(stage.status), told)

    def of_action(self, execution: Execution, run: ActionRun) -> None:
        """The state of an action."""
        action = run.action
        result: dict[str, Any] = {}
        if run.external_id:
            result = {"external-execution-id": run.external_id, "external-execution-url": run.url}
        if run.error:
            result.update({"external-execution-summary": run.error, "error-code": run.error_code})
        told: dict[str, Any] = {
            "stage": run.stage,
            "action-execution-id": run.id,
            "action": action.name,
            "region": self._surroundings.region,
            "type": {
                "owner": action.owner,
                "provider": action.kind,
                "category": action.category,
                "version": action.version,
            },
            "input-artifacts": _artifacts(run.inputs.items()),
            "output-artifacts": _artifacts(run.outputs.items()),
            **({"execution-result": result} if result else {}),
        }
        state = "ABANDONED" if run.status == ABANDONED else _state(run.status)
        self._send("Action", execution, state, told)

    def _send(self, kind: str, execution: Execution, state: str, told: dict[str, Any]) -> None:
        detail = {
            "pipeline": execution.definition.name,
            "execution-id": execution.id,
            "start-time": _iso(execution.started),
            **told,
            "state": state,
            "version": float(execution.version),
            "pipeline-execution-attempt": float(execution.attempt),
        }
        try:
            self._surroundings.send_event(
                source="aws.codepipeline",
                detail_type=f"CodePipeline {kind} Execution State Change",
                resource=self._arn,
                detail=detail,
            )
        except Exception:  # Whoever listens must not end an execution.
            logger.exception("The event of %s is lost", execution.id)


def _trigger(execution: Execution) -> dict[str, str]:
    trigger = execution.trigger
    if not trigger.commits:
        return {"trigger-type": trigger.kind, "trigger-detail": trigger.detail}
    name, commit = next(iter(trigger.commits.items()))
    source = next(a for a in execution.definition.source_actions if a.name == name)
    given = source.configuration
    return {
        "full-repository-name": given.get("FullRepositoryId", ""),
        "provider-type": "GitHub",
        "branch-name": trigger.branches.get(name, given.get("BranchName", "")),
        "commit-id": commit,
        "connection-arn": given.get("ConnectionArn", ""),
    }


def _artifacts(located: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - items of a mapping
    def told(name: str, at: ObjectLocation) -> dict[str, Any]:
        return {"name": name, "s3location": {"bucket": at.bucket, "key": at.key}}

    return [told(name, at) for name, at in located]


def _state(status: str) -> str:
    return _STATES.get(status, status.upper())


def _iso(moment: float) -> str:
    at = datetime.datetime.fromtimestamp(moment, datetime.UTC)
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
