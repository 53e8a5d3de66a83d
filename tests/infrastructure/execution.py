"""A walk through the state machine with scripted answers in place of AWS.

It keeps to the parts of the Amazon States Language that the workflow uses:
https://states-language.net/spec.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
    run = _Run(
        walk=walk,
        answers=answers,
        retries=retries or {},
        execution={
            "Id": execution,
            "Input": release_input,
            "RedriveCount": redrives,
            "StartTime": STARTED_AT,
        },
        variables=walk.variables,
    )
    try:
        walk.output = run.follow(definition, release_input)
        walk.succeeded = True
    except TaskError as failure:
        walk.error, walk.cause = failure.error, failure.cause
    return walk


@dataclass(frozen=True)
class _Run:
    """One flow of states; each iteration of a Map is a flow of its own."""

    walk: Walk
    answers: Mapping[str, Answer | Sequence[Answer]]
    retries: Mapping[str, int]
    execution: Mapping[str, Any]
    variables: dict[str, Any]
    visits: dict[str, int] = field(default_factory=dict)

    def follow(self, machine: Mapping[str, Any], given: Any) -> Any:  # noqa: ANN401 - JSON
        """The output of the last state.

        Raises:
            TaskError: it is a Fail state, or a failure that nothing catches.
        """
        name, current = str(machine["StartAt"]), given
        for _ in range(_STEP_LIMIT):
            state = machine["States"][name]
            self.walk.visited.append(name)
            states = {"input": current, "context": self._context(name)}
            if state["Type"] == "Fail":
                raise TaskError(
                    error=self._evaluate(state["Error"], states),
                    cause=self._evaluate(state["Cause"], states),
                )
            if state["Type"] == "Succeed":
                return current
            step = self._step(name, state, states)
            current = self._leave(step, states)
            if step.get("End"):
                return current
            name = step["Next"]
        raise AssertionError(f"No end after {_STEP_LIMIT} steps: {self.walk.visited[-10:]}")

    def _context(self, name: str, **more: object) -> dict[str, Any]:
        return {
            "Execution": self.execution,
            "State": {"Name": name, "RetryCount": self.retries.get(name, 0)},
            "Task": {"Token": f"a-task-token of {name}"},
            **more,
        }

    def _step(self, name: str, state: Mapping[str, Any], states: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
        """The state, a Choice's rule or a Catch: what says where to go on."""
        if state["Type"] == "Choice":
            return self._chosen(state, states)
        if state["Type"] not in ("Task", "Map"):
            return state
        act = self._call if state["Type"] == "Task" else self._map
        try:
            states["result"] = act(name, state, states)
        except TaskError as failure:
            states["errorOutput"] = {"Error": failure.error, "Cause": failure.cause}
            return _caught(state, failure)
        return state

    def _chosen(self, state: Mapping[str, Any], states: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
        for rule in state["Choices"]:
            if self._evaluate(rule["Condition"], states) is True:
                return rule
        return {"Next": state["Default"]}

    def _call(self, name: str, state: Mapping[str, Any], states: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
        arguments = self._evaluate(state["Arguments"], states)
        self.walk.calls.append((name, arguments))
        visit = self.visits.get(name, 0)
        self.visits[name] = visit + 1
        scripted = self.answers[name]
        if callable(scripted):
            return scripted(arguments)
        return scripted[min(visit, len(scripted) - 1)](arguments)

    def _map(self, name: str, state: Mapping[str, Any], states: Mapping[str, Any]) -> list[Any]:
        items = self._evaluate(state["Items"], states)
        assert isinstance(items, list), f"{name} has no list of items"
        outputs = []
        for index, item in enumerate(items):
            context = self._context(name, Map={"Item": {"Index": index, "Value": item}})
            selected = self._evaluate(
                state.get("ItemSelector", item), {"input": states["input"], "context": context}
            )
            # Inner states see the outer variables, and keep their own to themselves.
            inner = replace(self, variables=dict(self.variables))
            outputs.append(inner.follow(state["ItemProcessor"], selected))
        return outputs

    def _leave(self, step: Mapping[str, Any], states: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
        # Assign and Output both see the variables as they were when the state began.
        assigned = self._evaluate(step.get("Assign", {}), states)
        output = states.get("result", states.get("errorOutput", states["input"]))
        if "Output" in step:
            output = self._evaluate(step["Output"], states)
        self.variables.update(assigned)
        return output

    def _evaluate(self, value: Any, states: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
        return evaluate(value, variables=self.variables, states=states)


def _caught(state: Mapping[str, Any], failure: TaskError) -> Any:  # noqa: ANN401 - JSON
    for catcher in state.get("Catch", []):
        if {failure.error, "States.ALL"} & set(catcher["ErrorEquals"]):
            return catcher
    raise failure


def all_states(machine: Mapping[str, Any]) -> dict[str, Any]:
    """The states by name, those inside of Maps included."""
    found: dict[str, Any] = {}
    for name, state in machine["States"].items():
        inner = all_states(state["ItemProcessor"]) if "ItemProcessor" in state else {}
        assert not {name, *inner} & set(found), f"a name twice: {name}"
        found |= {name: state, **inner}
    return found
