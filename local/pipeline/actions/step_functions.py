"""The Step Functions action: starts a state machine and waits for its end.

https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-StepFunctions.html
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.pipeline.actions.base import (
    ActionFailedError,
    Kind,
    Outcome,
    Work,
    file_faults,
    file_of,
)
from local.pipeline.definition import INVOKE, Action

_FILE, _LITERAL = "FilePath", "Literal"


def _faults(action: Action) -> Iterator[str]:
    kind = action.configuration.get("InputType", _LITERAL)
    if kind not in (_FILE, _LITERAL):
        yield f"InputType is {kind!r}, not {_LITERAL} or {_FILE}"
    if kind == _FILE:
        if "Input" not in action.configuration:
            yield f"Input has to name a file, as InputType is {_FILE}"
        yield from file_faults(action, "Input")
    machine = action.configuration.get("StateMachineArn", "")
    if machine and ":states:" not in machine:
        yield f"StateMachineArn {machine} is not the ARN of a state machine"


def _run(work: Work) -> Outcome:
    machine = work.configuration["StateMachineArn"]
    session = work.session()
    given = _input(work, session)
    prefix = work.configuration.get("ExecutionNamePrefix")
    states = session.client("stepfunctions")
    try:
        states.describe_state_machine(stateMachineArn=machine)
        execution = states.start_execution(
            stateMachineArn=machine, name=f"{prefix}-{work.id}" if prefix else work.id, input=given
        )["executionArn"]
    except (ClientError, BotoCoreError) as error:
        raise ActionFailedError(
            _code(error), f"The state machine {machine} cannot be started: {error}"
        ) from error
    work.began(execution)
    work.say(f"{execution}\n{given}")
    found = _ended(work, states, execution)
    status = found["status"]
    work.say(f"{status} {found.get('output', '')}")
    if status != "SUCCEEDED":
        why = f"{found.get('error') or 'no error'}: {found.get('cause') or 'no cause'}"
        raise ActionFailedError(
            "JobFailed", f"The execution {execution} has ended as {status}: {why}"
        )
    return Outcome(
        variables={"ExecutionArn": execution, "StateMachineArn": machine},
        summary=f"The execution {execution} succeeded",
    )


def _input(work: Work, session: Any) -> str:  # noqa: ANN401 - a boto3 session
    text = work.configuration.get("Input", "{}")
    if work.configuration.get("InputType", _LITERAL) == _FILE:
        named = file_of(text)
        if named is None or named[0] not in work.inputs:
            raise ActionFailedError("ConfigurationError", f"Input {text} names no file of an input")
        text = work.read(session, artifact=named[0], path=named[1]).decode(errors="replace")
    try:
        json.loads(text)
    except ValueError as error:
        raise ActionFailedError(
            "ConfigurationError", f"The state machine's input is not JSON ({error}): {text}"
        ) from error
    return text


def _ended(work: Work, states: Any, execution: str) -> dict[str, Any]:  # noqa: ANN401
    while True:
        try:
            found: dict[str, Any] = states.describe_execution(executionArn=execution)
        except (ClientError, BotoCoreError) as error:
            raise ActionFailedError(
                _code(error), f"The execution {execution} cannot be followed: {error}"
            ) from error
        if found["status"] != "RUNNING":
            return found
        if work.cancelled():
            raise ActionFailedError("JobFailed", f"The execution {execution} is left running")
        time.sleep(work.surroundings.poll_seconds)


def _code(error: Exception) -> str:
    return "PermissionError" if "AccessDenied" in str(error) else "ConfigurationError"


KIND = Kind(
    categories=(INVOKE,),
    provider="StepFunctions",
    inputs=(0, 1),
    outputs=(0, 0),  # AWS offers one, with the execution's output; nothing here takes it.
    required=frozenset({"StateMachineArn"}),
    optional=frozenset({"Input", "InputType", "ExecutionNamePrefix"}),
    faults=_faults,
    run=_run,
)
