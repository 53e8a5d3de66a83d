"""How executions end: what MiniStack's Step Functions does otherwise than AWS.

https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
https://docs.aws.amazon.com/step-functions/latest/dg/statemachine-structure.html
"""

from __future__ import annotations

import contextvars
import json
import threading
from collections.abc import Callable
from typing import Any

from ministack.core.responses import now_iso  # type: ignore[import-untyped]
from ministack.services import cloudwatch, eventbridge, stepfunctions  # type: ignore[import-untyped]

Execution = dict[str, Any]

_METRICS = {
    "SUCCEEDED": "ExecutionsSucceeded",
    "FAILED": "ExecutionsFailed",
    "ABORTED": "ExecutionsAborted",
    "TIMED_OUT": "ExecutionsTimedOut",
}
_ended: contextvars.ContextVar[Execution | None] = contextvars.ContextVar("ended", default=None)


def install(void_tokens: Callable[[str, str], None]) -> None:
    """Correct the ends of executions; call it once, before the first one.

    Args:
        void_tokens: ends the waiting of an execution (its ARN) for task tokens, for a reason.
    """
    _keep_the_first_end()
    _end_by_the_timeout(void_tokens)
    _tell_errors_and_metrics()


def _keep_the_first_end() -> None:
    """A task that fails after the execution was aborted changes nothing any more."""
    original = stepfunctions._fail_execution

    def fail_execution(execution: Execution, error: str, cause: str) -> None:
        if execution["status"] == "RUNNING":
            original(execution, error, cause)

    stepfunctions._fail_execution = fail_execution


def _end_by_the_timeout(void_tokens: Callable[[str, str], None]) -> None:
    """Honour TimeoutSeconds of the whole state machine, which MiniStack only stores."""
    original = stepfunctions._run_execution

    def time_out(arn: str) -> None:
        execution = stepfunctions._executions.get(arn)
        if not execution or execution["status"] != "RUNNING":
            return
        execution.update(status="TIMED_OUT", error="States.Timeout", stopDate=now_iso())
        details = {"executionTimedOutEventDetails": {"error": "States.Timeout"}}
        stepfunctions._add_event(execution, "ExecutionTimedOut", details)
        stepfunctions._emit_execution_status_event(execution)
        void_tokens(arn, "The execution has timed out")

    def run_execution(arn: str) -> None:
        machine = stepfunctions._state_machines.get(
            stepfunctions._executions[arn]["stateMachineArn"]
        )
        seconds = json.loads(machine["definition"]).get("TimeoutSeconds") if machine else None
        if seconds is None:
            original(arn)
            return
        timer = threading.Timer(seconds, contextvars.copy_context().run, (time_out, arn))
        timer.daemon = True
        timer.start()
        try:
            original(arn)
        finally:
            timer.cancel()

    stepfunctions._run_execution = run_execution


def _tell_errors_and_metrics() -> None:
    """Events of all ends carry error and cause, where MiniStack's do for FAILED only.

    And the ends are counted in CloudWatch's AWS/States.
    https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
    """
    original_emit, original_put = (
        stepfunctions._emit_execution_status_event,
        eventbridge._put_events,
    )

    def emit(execution: Execution) -> None:
        reset = _ended.set(execution)
        try:
            original_emit(execution)
        finally:
            _ended.reset(reset)
        if name := _METRICS.get(execution["status"]):
            dimensions = {"StateMachineArn": execution["stateMachineArn"]}
            cloudwatch.record_metric("AWS/States", name, 1, "Count", dimensions)

    def put_events(request: Any, *rest: Any, **options: Any) -> Any:
        execution = _ended.get()
        if execution is not None and execution["status"] in ("ABORTED", "TIMED_OUT"):
            _ended.set(None)  # What a target of the rule puts is its own.
            [entry] = request["Entries"]
            told = {"error": execution.get("error"), "cause": execution.get("cause")}
            entry = {**entry, "Detail": json.dumps({**json.loads(entry["Detail"]), **told})}
            request = {**request, "Entries": [entry]}
        return original_put(request, *rest, **options)

    stepfunctions._emit_execution_status_event = emit
    eventbridge._put_events = put_events
