"""What MiniStack's Step Functions does otherwise than AWS, put right from outside.

Everything touched here is private to MiniStack, so its version is pinned exactly and
`tests/unit/local/test_corrections.py` fails clearly if a name moves.
"""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from typing import Any

from ministack.services import stepfunctions  # type: ignore[import-untyped]

from local.cloud import callbacks, endings
from local.cloud.identities import WITHOUT_CLIENT_CHECKS, Identities
from local.sagemaker import step_functions as sagemaker_states

_execution: contextvars.ContextVar[dict[str, Any]] = contextvars.ContextVar("execution")


def install() -> None:
    """Correct Step Functions; call it once, before the first execution."""
    _follow_executions()
    _enforce_the_workflow_role()
    endings.install(callbacks.install(_execution.get))
    _add_integrations()


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


def _enforce_the_workflow_role() -> None:
    """MiniStack lets a state machine invoke any function; AWS asks its role's policies."""
    original = stepfunctions._call_lambda

    def call_lambda(function: str, event: object) -> object:
        identities = Identities.here()
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


def _add_integrations() -> None:
    """The optimised and the SDK integrations, each with the state machine role's credentials."""
    clients: dict[tuple[str, str, str], Any] = {}

    def client_of(service: str) -> Callable[[], Any]:
        def client() -> Any:
            role, identities = _role_of_execution(), Identities.here()
            key = (role, identities.region, service)
            if key not in clients:
                clients[key] = identities.session(role).client(  # type: ignore[call-overload]
                    service, config=WITHOUT_CLIENT_CHECKS
                )
            return clients[key]

        return client

    def aborted() -> bool:
        return bool(_execution.get()["status"] != "RUNNING")

    stepfunctions._SERVICE_DISPATCH[sagemaker_states.OPTIMIZED_PREFIX] = (
        sagemaker_states.integration(client=client_of("sagemaker"), aborted=aborted)
    )
    # MiniStack has CloudWatch's, too, but asks IAM nothing.
    for sdk in (
        sagemaker_states.SAGEMAKER_SDK,
        sagemaker_states.SCALING_SDK,
        sagemaker_states.CLOUDWATCH_SDK,
    ):
        stepfunctions._SERVICE_DISPATCH[sdk.prefix] = sagemaker_states.aws_sdk_integration(
            client=client_of(sdk.service), aborted=aborted, sdk=sdk
        )
