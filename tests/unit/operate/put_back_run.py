"""Step Functions for a rollback: one execution, which a test lets end as it likes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

MACHINE = "arn:aws:states:eu-west-1:123456789012:stateMachine:grapes-release"
RUN = "arn:aws:states:eu-west-1:123456789012:execution:grapes-release:put-back"
_AT = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)


@dataclass
class Workflow:
    """Step Functions with one execution, which enters a state between two looks."""

    states: list[str] = field(default_factory=list)
    status: str = "SUCCEEDED"
    error: str = ""
    cause: str = ""
    on_end: Callable[[], object] = lambda: None
    started: list[dict[str, Any]] = field(default_factory=list)
    entered: int = 0

    def start_execution(self, **request: str) -> dict[str, str]:
        """As Step Functions'."""
        assert request["stateMachineArn"] == MACHINE
        self.started.append(json.loads(request["input"]))
        return {"executionArn": RUN}

    def describe_execution(self, *, executionArn: str) -> dict[str, str]:  # noqa: N803
        """As Step Functions'."""
        assert executionArn == RUN
        if self.entered < len(self.states):
            self.entered += 1
            return {"status": "RUNNING"}
        self.on_end()
        told = {"error": self.error, "cause": self.cause}
        return {"status": self.status, **{name: text for name, text in told.items() if text}}

    def get_execution_history(self, **request: Any) -> dict[str, Any]:  # noqa: ANN401
        """As Step Functions'."""
        assert request["executionArn"] == RUN
        assert request["reverseOrder"] is True
        events: list[dict[str, Any]] = [{"timestamp": _AT, "type": "ExecutionStarted"}]
        for name in self.states[: self.entered]:
            details = {"name": name}
            events.append({"timestamp": _AT, "stateEnteredEventDetails": details})
        return {"events": events[::-1][: request["maxResults"]]}
