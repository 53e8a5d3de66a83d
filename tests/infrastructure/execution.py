"""A walk through the state machine with scripted answers in place of AWS.

It keeps to the parts of the Amazon States Language that the workflow uses:
https://states-language.net/spec.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.infrastructure.jsonata_engine import evaluate

_STEP_LIMIT = 2000
EXECUTION = "arn:aws:states:eu-west-1:123456789012:execution:iris-release:first"
STARTED_AT = "2026-11-22T14:00:00.000Z"


@dataclass(frozen=True)
class TaskError(Exception):
    """A task's failure, as Step Functions reports it to a Catch."""

    error: str
    cause: str = ""


Answer = Callable[[Mapping[str, Any]], Any]


@dataclass
class Walk:
    """What happened in one execution."""

    visited: list[str] = field(default_factory=list)
    calls: list[tuple[str, Any]] = field(default_factory=list)
    variables: dict[str, Any] = field(default_factory=dict)
    succeeded: bool = False
    output: Any = None
    error: str = ""
    cause: str = ""

    def arguments(self, state: str) -> Any:  # noqa: ANN401 - JSON
        """What a task was last called with."""
        return [arguments for name, arguments in self.calls if name == state][-1]


def execute(
    definition: Mapping[str, Any],
    release_input: object,
    *,
    answers: Mapping[str, Answer | Sequence[Answer]],
    execution: str = EXECUTION,
    retries: Mapping[str, int] | None = None,
    redrives: int = 0,
) -> Walk:
    """Run the state machine to its end.

    Args:
        definition: the machine, intrinsics resolved.
        release_input: the execution's input.
        answers: what each task answers to its arguments, or the answers of its successive visits;
            an answer may raise TaskError.
        execution: the execution's ARN.
        retries: how often a state has been retried before it answers.
        redrives: how often the execution has been redriven.
    """
    walk = Walk()
    visits: dict[str, int] = {}
    name, current = str(definition["StartAt"]), release_input
    for _ in range(_STEP_LIMIT):
        state = definition["States"][name]
        walk.visited.append(name)
        states: dict[str, Any] = {
            "input": current,
            "context": {
                "Execution": {
                    "Id": execution,
                    "Input": release_input,
                    "RedriveCount": redrives,
                    "StartTime": STARTED_AT,
                },
                "State": {"Name": name, "RetryCount": (retries or {}).get(name, 0)},
                "Task": {"Token": f"a-task-token of {name}"},
            },
        }
        if state["Type"] == "Fail":
            walk.error = evaluate(state["Error"], variables=walk.variables, states=states)
            walk.cause = evaluate(state["Cause"], variables=walk.variables, states=states)
            return walk
        if state["Type"] == "Succeed":
            walk.succeeded, walk.output = True, current
            return walk
        step = state
        if state["Type"] == "Choice":
            step = _chosen(state, walk=walk, states=states)
        elif state["Type"] == "Task":
            try:
                states["result"] = _call(name, state, walk, states, answers, visits)
            except TaskError as failure:
                step = _caught(state, failure)
                states["errorOutput"] = {"Error": failure.error, "Cause": failure.cause}
        current = _leave(step, walk=walk, states=states)
        name = step["Next"]
    raise AssertionError(f"No end after {_STEP_LIMIT} steps: {walk.visited[-10:]}")


def _chosen(state: Mapping[str, Any], *, walk: Walk, states: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
    for rule in state["Choices"]:
        if evaluate(rule["Condition"], variables=walk.variables, states=states) is True:
            return rule
    return {"Next": state["Default"]}


def _call(
    name: str,
    state: Mapping[str, Any],
    walk: Walk,
    states: Mapping[str, Any],
    answers: Mapping[str, Answer | Sequence[Answer]],
    visits: dict[str, int],
) -> Any:  # noqa: ANN401 - JSON
    arguments = evaluate(state["Arguments"], variables=walk.variables, states=states)
    walk.calls.append((name, arguments))
    visit = visits.get(name, 0)
    visits[name] = visit + 1
    scripted = answers[name]
    if callable(scripted):
        return scripted(arguments)
    return scripted[min(visit, len(scripted) - 1)](arguments)


def _caught(state: Mapping[str, Any], failure: TaskError) -> Any:  # noqa: ANN401 - JSON
    for catcher in state.get("Catch", []):
        if {failure.error, "States.ALL"} & set(catcher["ErrorEquals"]):
            return catcher
    raise AssertionError(f"Nothing catches {failure}") from failure


def _leave(step: Mapping[str, Any], *, walk: Walk, states: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
    # Assign and Output both see the variables as they were when the state began.
    assigned = evaluate(step.get("Assign", {}), variables=walk.variables, states=states)
    passed_on = states.get("result", states.get("errorOutput", states["input"]))
    output = passed_on
    if "Output" in step:
        output = evaluate(step["Output"], variables=walk.variables, states=states)
    walk.variables.update(assigned)
    return output
