"""Task tokens of waiting states: what MiniStack does otherwise than AWS.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html
"""

from __future__ import annotations

import contextvars
import json
import threading
from collections.abc import Callable, Mapping
from typing import Any

from ministack.core import iam_actions  # type: ignore[import-untyped]
from ministack.core.responses import error_response_json  # type: ignore[import-untyped]
from ministack.services import stepfunctions  # type: ignore[import-untyped]

Execution = dict[str, Any]


def install(current_execution: Callable[[], Execution]) -> Callable[[str, str], None]:
    """Correct task tokens; `current_execution` answers for whom a task is being run.

    Returns what ends the waiting of an execution (its ARN) for a reason: its tokens are void then.
    """
    waiting = _Waiting()
    _fail_with_the_function(waiting, current_execution)
    _end_waiting_on_abort(waiting)
    _name_the_state_machine(waiting)
    _take_one_answer(waiting)
    return waiting.void


class _Waiting:
    """Which execution waits, or has waited, for which task token."""

    def __init__(self) -> None:
        self._executions: dict[str, Execution] = {}
        self._answered: set[str] = set()
        self._lock = threading.Lock()

    def add(self, token: str, execution: Execution) -> None:
        with self._lock:
            self._executions[token] = execution

    def state_machine_of(self, token: str) -> str | None:
        execution = self._executions.get(token)
        return execution["stateMachineArn"] if execution else None

    def knows(self, token: str) -> bool:
        return token in self._executions

    def tokens_of(self, execution_arn: str) -> list[str]:
        with self._lock:
            return [
                token
                for token, execution in self._executions.items()
                if execution["executionArn"] == execution_arn
            ]

    def void(self, execution_arn: str, cause: str) -> None:
        """End the waiting of an execution; nobody can answer any more."""
        for token in self.tokens_of(execution_arn):
            _settle(token, {"Error": "States.TaskFailed", "Cause": cause})
            stepfunctions._task_tokens.pop(token, None)

    def answer(self, token: str) -> bool:
        """Whether this is the first answer to a token that is waited for."""
        with self._lock:
            first = token in stepfunctions._task_tokens and token not in self._answered
            if first:
                self._answered.add(token)
            return first


def _fail_with_the_function(waiting: _Waiting, current_execution: Callable[[], Execution]) -> None:
    """With waitForTaskToken a failing function fails the state; MiniStack would wait on."""
    original_wait = stepfunctions._invoke_with_callback
    original_call = stepfunctions._call_lambda
    token_of_call: contextvars.ContextVar[str | None] = contextvars.ContextVar(
        "token", default=None
    )

    def invoke_with_callback(resource: str, arguments: Any, token: str, state: Any) -> Any:
        waiting.add(token, current_execution())
        reset = token_of_call.set(token)
        try:
            return original_wait(resource, arguments, token, state)
        finally:
            token_of_call.reset(reset)

    def call_lambda(function: str, event: object) -> object:
        try:
            return original_call(function, event)
        except stepfunctions._ExecutionError as error:
            _settle(token_of_call.get(), {"Error": error.error, "Cause": error.cause})
            raise

    stepfunctions._invoke_with_callback = invoke_with_callback
    stepfunctions._call_lambda = call_lambda


def _settle(token: str | None, error: Mapping[str, str]) -> None:
    info = stepfunctions._task_tokens.get(token) if token else None
    if info is not None:
        info["error"] = dict(error)
        info["event"].set()


def _end_waiting_on_abort(waiting: _Waiting) -> None:
    """An aborted execution's task token is void; MiniStack would still take it."""
    original = stepfunctions._stop_execution

    def stop_execution(request: Mapping[str, Any]) -> Any:
        response = original(request)
        waiting.void(str(request.get("executionArn")), "The execution was aborted")
        return response

    stepfunctions._stop_execution = stop_execution


def _name_the_state_machine(waiting: _Waiting) -> None:
    """AWS asks IAM about the state machine that waits; MiniStack asks about `*`.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html
    """
    original = iam_actions.extract_resource_arn

    def extract_resource_arn(service: str, *rest: Any) -> str:
        if service == "states":
            headers, body = rest[2], rest[3]
            if "SendTask" in headers.get("x-amz-target", ""):
                arn = waiting.state_machine_of(json.loads(body or b"{}").get("taskToken", ""))
                return arn or "*"
        return str(original(service, *rest))

    iam_actions.extract_resource_arn = extract_resource_arn


def _take_one_answer(waiting: _Waiting) -> None:
    """A token that was answered, has timed out or was aborted says so; others are not valid."""

    def only_once(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def answer(request: Mapping[str, Any]) -> Any:
            token = str(request.get("taskToken", ""))
            if waiting.answer(token):
                return original(request)
            if waiting.knows(token):
                text = "Task Timed Out: 'Provided task does not exist anymore'"
                return error_response_json("TaskTimedOut", text, 400)
            return error_response_json("InvalidToken", "Invalid Token: 'Invalid token'", 400)

        return answer

    stepfunctions._send_task_success = only_once(stepfunctions._send_task_success)
    stepfunctions._send_task_failure = only_once(stepfunctions._send_task_failure)
