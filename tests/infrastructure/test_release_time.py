"""How long a release may take: every wait has an end, and all of them come before the pipeline's.

https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html: seven days an action
"""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from mlops_stacks.settings import Settings
from tests.infrastructure.answers import (
    OTHER_DATA,
    PLAN,
    RELEASE_INPUT,
    all_well,
    calls,
    endpoint,
    fails,
)
from tests.infrastructure.execution import execute
from tests.infrastructure.synthesis import (
    VARIANTS,
    Synthesis,
    build_app,
    settings_of,
    synthesized,
)

_PIPELINE = 7 * 24 * 3600
_INPUT = {**RELEASE_INPUT, "committer": "ada@example.com"}


def _waited(synthesis: Synthesis, **changes: Any) -> int:  # noqa: ANN401 - answers
    """Seconds of waiting for the endpoint, if it answers so."""
    answers = {**all_well(), **{name.replace("_", " "): new for name, new in changes.items()}}
    walk = execute(synthesis.definition, _INPUT, answers=answers)
    return sum(
        synthesis.states[name]["Seconds"]
        for name in walk.visited
        if synthesis.states[name]["Type"] == "Wait"
    )


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_workflow_ends_what_takes_longer_than_all_its_limits(variant: str) -> None:
    # Given every limit used up: a busy endpoint, a slow update, a model that fails and the way back
    synthesis = synthesized(variant)
    failing = {"Look_up_the_endpoint": endpoint("InService"), "Try_the_endpoint": fails("X")}
    waits = [
        _waited(synthesis, Look_up_the_endpoint=endpoint("Updating")),
        _waited(synthesis, Check_the_endpoint=endpoint("Updating", "another")),
        _waited(synthesis, **failing, Look_before_going_back=endpoint("Updating")),
        _waited(synthesis, **failing, Check_the_last_model=endpoint("Updating")),
    ]
    limits = [state.get("TimeoutSeconds", 0) for state in synthesis.states.values()]

    longest = sum(waits) + sum(limits)

    # There is some time left for functions and for the pauses between tries.
    assert min(waits) >= 90 * 60
    assert longest + 4 * 3600 <= synthesis.definition["TimeoutSeconds"] < _PIPELINE


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_endpoint_is_waited_for_longer_than_sagemaker_tries(variant: str) -> None:
    synthesis = synthesized(variant)
    rollout = settings_of(variant).endpoint.rollout

    waited = _waited(synthesis, Check_the_endpoint=endpoint("Updating", "another"))

    assert waited > rollout.longest_minutes * 60
    assert (
        rollout.longest_minutes * 60
        > (rollout.waits * rollout.bake_minutes + rollout.keep_old_minutes) * 60
    )


def test_both_transform_jobs_may_take_their_time(shipped: Synthesis) -> None:
    walk = execute(
        shipped.definition,
        RELEASE_INPUT,
        answers={**all_well(), "Look at the live model": calls(OTHER_DATA)},
    )
    jobs = [name for name, _ in walk.calls if name.startswith("Predict")]

    limits = [shipped.states[name]["TimeoutSeconds"] for name in jobs]
    assert limits == [12 * 3600, 12 * 3600]


def test_the_longest_release_that_the_settings_take_ends_before_the_pipeline() -> None:
    document = settings_of("shipped").model_dump()
    document["approval"]["timeout_hours"] = 24
    document["endpoint"]["rollout"].update(strategy="linear", step_percent=10, bake_minutes=40)

    def taken(hours: int) -> Settings | None:
        document["training"].update(spot=True, max_wait_minutes=hours * 60)
        try:
            return Settings.model_validate(document)
        except ValidationError:
            return None

    longest = max(hours for hours in range(2, 100) if taken(hours))
    settings = taken(longest)

    assert settings is not None
    assert taken(longest + 1) is None
    assert _PIPELINE - 2 * 3600 <= settings.release_minutes * 60 < _PIPELINE


# https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html: entered and
# exited; a task is scheduled, started and ends besides, and each retry has an event for all three.
_OF_A_STATE, _OF_A_TASK, _OF_A_RETRY, _OF_AN_ITERATION = 2, 3, 3, 2
_MOST_EVENTS = 25_000


def test_the_longest_waits_and_the_largest_test_set_fit_into_a_history() -> None:
    # Given the slowest roll-out that settings take, and data in as many parts as there may be
    document = settings_of("shipped").model_dump()
    document["endpoint"]["rollout"].update(strategy="linear", step_percent=10, bake_minutes=42)
    settings = Settings.model_validate(document)
    synthesis = Synthesis(tree=build_app(settings))
    parts = calls({**PLAN, "parts": 500})
    largest = {
        "Look at the live model": calls(OTHER_DATA),
        "Plan the evaluation": parts,
        "Plan the comparison": parts,
    }
    failing = {"Look up the endpoint": endpoint("InService"), "Try the endpoint": fails("X")}
    walks = [
        execute(synthesis.definition, _INPUT, answers={**all_well(), **largest, **changes})
        for changes in (
            {"Look up the endpoint": endpoint("Updating")},
            {"Check the endpoint": endpoint("Updating", "another")},
            {**failing, "Look before going back": endpoint("Updating")},
            {**failing, "Check the last model": endpoint("Updating")},
        )
    ]
    once = [name for name in walks[0].visited if "Look up the endpoint" not in name]
    again = [
        name
        for walk in walks
        for name in walk.visited[walk.visited.index("Create the endpoint configuration") :]
    ]

    # When each description of the endpoint is tried again as often as it may be
    events = sum(_events(synthesis.states[name], retried=False) for name in once)
    events += sum(_events(synthesis.states[name], retried=True) for name in again)

    assert settings.endpoint.rollout.longest_minutes == 8 * 60
    assert len(again) > 4 * 3 * 90
    assert events < _MOST_EVENTS


def _events(state: dict[str, Any], *, retried: bool) -> int:
    if state["Type"] != "Task":
        return _OF_A_STATE
    tries = sum(rule["MaxAttempts"] for rule in state["Retry"]) if retried else 0
    in_a_map = _OF_AN_ITERATION if state.get("End") else 0
    return _OF_A_STATE + _OF_A_TASK + tries * _OF_A_RETRY + in_a_map
