"""What MiniStack's Step Functions does otherwise than AWS, put right from outside.

Everything touched here is private to MiniStack, so its version is pinned exactly and
`tests/unit/local/test_corrections.py` fails clearly if a name moves.
"""

from __future__ import annotations

import contextvars
import json
import threading
from collections.abc import Mapping
from typing import Any

from ministack.core import iam_actions  # type: ignore[import-untyped]
from ministack.services import stepfunctions  # type: ignore[import-untyped]

from local.cloud.identities import WITHOUT_CLIENT_CHECKS, Identities
from local.sagemaker import step_functions as sagemaker_states

_execution: contextvars.ContextVar[dict[str, Any]] = contextvars.ContextVar("execution")


def install(identities: Identities) -> None:
    """Correct Step Functions; call it once, before the first execution."""
    waiting = _Waiting()
    _follow_executions()
    _enforce_the_workflow_role(identities)
    _fail_with_the_function(waiting)
    _end_waiting_on_abort(waiting)
    _name_the_state_machine(waiting)
    _add_sagemaker(identities)


class _Waiting:
    """Which execution waits for which task token."""

    def __init__(self) -> None:
        self._executions: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()

    def add(self, token: str, execution: dict[str, Any]) -> None:
        with self._lock:
            self._executions[token] = execution

    def state_machine_of(self, token: str) -> str | None:
        execution = self._executions.get(token)
        return execution["stateMachineArn"] if execution else None

    def tokens_of(self, execution_arn: str) -> list[str]:
        with self._lock:
            return [
                token
                for token, execution in self._executions.items()
                if execution["executionArn"] == execution_arn
            ]


def _follow_executions() -> None:
    """Let a service integration know which execution it works for."""
    original = stepfunctions._execute_task

    def execute_task(state: Any, raw_input: Any, execution: dict[str, Any], context: Any) -> Any:
        reset = _execution.set(execution)
        try:
            return original(state, raw_input, execution, context)
        finally:
            _execution.reset(reset)

    stepfunctions._execute_task = execute_task


def _role_of_execution() -> str:
    machine = stepfunctions._state_machines[_execution.get()["stateMachineArn"]]
    return str(machine["roleArn"])


def _enforce_the_workflow_role(identities: Identities) -> None:
    """MiniStack lets a state machine invoke any function; AWS asks its role's policies."""
    original = stepfunctions._call_lambda

    def call_lambda(function: str, event: object) -> object:
        name = function.split(":function:")[-1].split(":")[0]
        arn = f"arn:aws:lambda:{identities.region}:{identities.account_id}:function:{name}"
        role = _role_of_execution()
        if not identities.role_may(role, "lambda:InvokeFunction", arn):
            raise stepfunctions._ExecutionError(
                "Lambda.AWSLambdaException",
                f"User: {role} is not authorized to perform: lambda:InvokeFunction on resource: "
                f"{arn} because no identity-based policy allows the lambda:InvokeFunction action",
            )
        return original(function, event)

    stepfunctions._call_lambda = call_lambda


def _fail_with_the_function(waiting: _Waiting) -> None:
    """With waitForTaskToken a failing function fails the state; MiniStack would wait on."""
    original_wait = stepfunctions._invoke_with_callback
    original_call = stepfunctions._call_lambda
    token_of_call: contextvars.ContextVar[str | None] = contextvars.ContextVar(
        "token", default=None
    )

    def invoke_with_callback(resource: str, arguments: Any, token: str, state: Any) -> Any:
        waiting.add(token, _execution.get())
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
        for token in waiting.tokens_of(str(request.get("executionArn"))):
            _settle(token, {"Error": "States.TaskFailed", "Cause": "The execution was aborted"})
            stepfunctions._task_tokens.pop(token, None)
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


def _add_sagemaker(identities: Identities) -> None:
    """The optimised and the SDK integration, each with the state machine role's credentials."""
    clients: dict[str, Any] = {}

    def client() -> Any:
        role = _role_of_execution()
        if role not in clients:
            clients[role] = identities.session(role).client(
                "sagemaker", config=WITHOUT_CLIENT_CHECKS
            )
        return clients[role]

    def aborted() -> bool:
        return bool(_execution.get()["status"] != "RUNNING")

    optimised = sagemaker_states.integration(client=client, aborted=aborted)
    sdk = sagemaker_states.aws_sdk_integration(client=client, aborted=aborted)
    stepfunctions._SERVICE_DISPATCH[sagemaker_states.OPTIMIZED_PREFIX] = optimised
    stepfunctions._SERVICE_DISPATCH[sagemaker_states.AWS_SDK_PREFIX] = sdk
