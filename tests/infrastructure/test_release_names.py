"""Names of jobs, models and configurations: valid for any input, and never used twice.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html
"""

from __future__ import annotations

import re
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlops_stacks.constructs.workflow.expressions import ATTEMPT_NAME, release_variables
from tests.infrastructure.answers import OTHER_DATA, RELEASE_INPUT, all_well, calls
from tests.infrastructure.execution import STARTED_AT, execute
from tests.infrastructure.jsonata_engine import evaluate

_SAGEMAKER_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
_LONGEST_MODEL_NAME = "a2345678-123456789-x"  # what settings.toml takes: 20 characters
_MOST_RETRIES = 6  # of one state
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
_MOST_REDRIVES = 1000

# A commit must pass or fail the same way on every machine, a busy one included.
_searched = settings(
    deadline=None,
    derandomize=True,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow],
)
_executions = st.uuids().map(
    lambda run: f"arn:aws:states:eu-west-1:123456789012:execution:iris-release:{run}"
)
_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=200),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


def _name(
    *,
    commit_id: object,
    execution: str,
    retry: int,
    redrives: int | None = 0,
    model: str = "iris",
) -> str:
    run = {"Id": execution, "StartTime": STARTED_AT} | (
        {} if redrives is None else {"RedriveCount": redrives}
    )
    states = {
        "input": {"commitID": commit_id, "imageUri": "repository:tag"},
        "context": {"Execution": run, "State": {"RetryCount": retry}},
    }
    variables = evaluate(release_variables(model), variables={}, states=states)
    return str(evaluate(ATTEMPT_NAME, variables=variables, states=states))


@_searched
@given(
    commit_id=_json | st.from_regex(r"[a-zA-Z0-9][a-zA-Z0-9._-]{0,127}", fullmatch=True),
    execution=_executions,
    retry=st.integers(0, _MOST_RETRIES),
    redrives=st.none() | st.integers(0, _MOST_REDRIVES),
)
def test_any_commit_and_execution_give_a_name_that_sagemaker_takes(
    commit_id: object, execution: str, retry: int, redrives: int | None
) -> None:
    name = _name(
        commit_id=commit_id,
        execution=execution,
        retry=retry,
        redrives=redrives,
        model=_LONGEST_MODEL_NAME,
    )

    assert len(name) <= 63
    assert _SAGEMAKER_NAME.fullmatch(name)
    assert name.startswith(f"{_LONGEST_MODEL_NAME}-")  # the role's policies go by it


@_searched
@given(commit_id=st.text(max_size=20), runs=st.sets(_executions, min_size=2, max_size=4))
def test_two_executions_of_one_commit_never_share_a_name(commit_id: str, runs: set[str]) -> None:
    names = {_name(commit_id=commit_id, execution=run, retry=0) for run in runs}

    assert len(names) == len(runs)


@_searched
@given(commit_id=st.text(max_size=20), execution=_executions)
def test_two_tries_of_one_state_never_share_a_name(commit_id: str, execution: str) -> None:
    # A redrive counts retries from nought again.
    names = {
        _name(commit_id=commit_id, execution=execution, retry=retry, redrives=redrives)
        for retry in range(_MOST_RETRIES + 1)
        for redrives in (0, 1, 2, 11)
    }

    assert len(names) == 4 * (_MOST_RETRIES + 1)


@_searched
@given(commit_id=st.text(max_size=20), execution=_executions, retry=st.integers(0, _MOST_RETRIES))
def test_an_execution_that_was_never_redriven_needs_no_count_of_it(
    commit_id: str, execution: str, retry: int
) -> None:
    counted, uncounted = (
        _name(commit_id=commit_id, execution=execution, retry=retry, redrives=redrives)
        for redrives in (0, None)
    )

    assert counted == uncounted
    assert counted.endswith(f"-{retry}")


def test_the_job_of_a_comparison_has_a_name_of_its_own(definition: dict[str, Any]) -> None:
    # Given the longest name of a release that has been redriven as often as it can be
    answers = {**all_well(), "Look at the live model": calls(OTHER_DATA)}
    walk = execute(
        definition,
        {**RELEASE_INPUT, "commitID": "a" * 128},
        answers=answers,
        retries={"Predict with the live model": _MOST_RETRIES},
        redrives=_MOST_REDRIVES,
    )

    name = walk.arguments("Predict with the live model")["TransformJobName"]
    # A model's name may be 16 characters longer than this one's.
    assert len(name) + len(_LONGEST_MODEL_NAME) - len("iris") <= 63
    assert _SAGEMAKER_NAME.fullmatch(name)
    assert name.endswith("-live")
    assert name != walk.arguments("Predict the held-out data")["TransformJobName"]


def test_a_person_recognises_the_commit_in_the_name() -> None:
    execution = "arn:aws:states:eu-west-1:123456789012:execution:iris-release:first"

    assert _name(commit_id="1A2b3c4d", execution=execution, retry=0).startswith("iris--1a2b3c4d-")


def test_later_states_use_the_name_of_the_try_that_succeeded(definition: dict[str, Any]) -> None:
    # Given a training job and a model that each needed another try
    retries = {"Train the model": 2, "Create the model": 1}

    walk = execute(definition, RELEASE_INPUT, answers=all_well(), retries=retries)

    job = walk.arguments("Train the model")["TrainingJobName"]
    model = walk.arguments("Create the model")["ModelName"]
    assert (job[-2:], model[-2:]) == ("-2", "-1")
    assert walk.arguments("Predict the held-out data")["ModelName"] == model
    (variant,) = walk.arguments("Create the endpoint configuration")["ProductionVariants"]
    assert variant["ModelName"] == model
    assert walk.arguments("Gather the evidence")["Payload"]["jobName"] == job
    assert f"/{job}/" in walk.arguments("Create the model")["PrimaryContainer"]["ModelDataUrl"]
    output = walk.arguments("Predict the held-out data")["TransformOutput"]["S3OutputPath"]
    for state in ("Plan the evaluation", "Measure a part", "Merge the parts"):
        prefix = walk.arguments(state)["Payload"]["predictionsPrefix"]
        assert output.endswith(f"/{prefix}")
    assert walk.arguments("Register the version")["Payload"]["jobName"] == job
