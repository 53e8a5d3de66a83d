"""What each release makes in SageMaker carries its owner's tags, and runs without a network."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.sagemaker.validation import violations
from mlops_stacks.constructs.workflow.expressions import tag_list
from tests.infrastructure.answers import (
    DATA,
    EVALUATION,
    OTHER_DATA,
    RELEASE_INPUT,
    VERSION,
    all_well,
    calls,
)
from tests.infrastructure.execution import EXECUTION, Walk, execute
from tests.infrastructure.jsonata_engine import evaluate
from tests.infrastructure.synthesis import Synthesis

_OWN = {"Key": "application", "Value": "model-release"}
_COMMIT = {"Key": "commit", "Value": RELEASE_INPUT["commitID"]}
# By these the next release finds what this one was approved by.
_COMPARED_BY = [
    {"Key": "approval", "Value": hashlib.sha256(EXECUTION.encode()).hexdigest()[:32]},
    {"Key": "data", "Value": DATA["version"]},
    {"Key": "evaluation", "Value": EVALUATION["reportKey"]},
    {"Key": "version", "Value": VERSION["modelPackageArn"]},
]
_MADE = [
    ("Train the model", "CreateTrainingJob", [_OWN, _COMMIT]),
    ("Create the model", "CreateModel", [_OWN, _COMMIT]),
    ("Predict the held-out data", "CreateTransformJob", [_OWN, _COMMIT]),
    ("Predict with the live model", "CreateTransformJob", [_OWN, _COMMIT]),
    ("Create the endpoint configuration", "CreateEndpointConfig", [_OWN, _COMMIT, *_COMPARED_BY]),
    # The endpoint outlives the commit that it is created with.
    ("Create the endpoint", "CreateEndpoint", [_OWN]),
]
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Tag.html, and what a text in a
# program could break on.
_TAG_TEXT = st.text(st.characters(codec="utf-8"), max_size=60) | st.sampled_from(
    ["", '"', "\\", "a'b", "%}", "{% $commitId %}", "\n", "Größe", "\U0001f600"]
)


@pytest.fixture(scope="module")
def walk(definition: dict[str, Any]) -> Walk:
    """A release that makes one of each: no endpoint yet, but a live model to compare with."""
    other_data = {"Look at the live model": calls(OTHER_DATA)}
    return execute(definition, RELEASE_INPUT, answers={**all_well(), **other_data})


@pytest.mark.parametrize(("state", "operation", "tags"), _MADE)
def test_what_a_release_makes_is_tagged(
    walk: Walk, state: str, operation: str, tags: list[dict[str, str]]
) -> None:
    arguments = walk.arguments(state)

    assert sorted(arguments["Tags"], key=str) == sorted(tags, key=str)
    assert violations(operation, arguments) == []


def test_nothing_that_can_be_tagged_is_left_out(walk: Walk, states: dict[str, Any]) -> None:
    making = {state for state, _ in walk.calls if ":sagemaker:create" in states[state]["Resource"]}

    assert making == {state for state, _, _ in _MADE}


@pytest.mark.parametrize("state", ["Train the model", "Create the model"])
def test_the_data_scientists_code_has_no_network(walk: Walk, state: str) -> None:
    # https://docs.aws.amazon.com/sagemaker/latest/dg/mkt-algo-model-internet-free.html
    assert walk.arguments(state)["EnableNetworkIsolation"] is True


def test_only_a_model_for_a_serverless_endpoint_has_one(disposable: Synthesis) -> None:
    # https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html
    states = disposable.states

    assert states["Train the model"]["Arguments"]["EnableNetworkIsolation"] is True
    for name in ("Create the model", "Create the model again"):
        assert states[name]["Arguments"]["EnableNetworkIsolation"] is False


@settings(deadline=None, derandomize=True, max_examples=60)
@given(tags=st.dictionaries(_TAG_TEXT, _TAG_TEXT, max_size=4))
def test_tags_arrive_as_they_are_written(tags: dict[str, str]) -> None:
    found = evaluate(tag_list(tags, {}), variables={}, states={})

    assert {tag["Key"]: tag["Value"] for tag in found} == tags
    assert len(found) == len(tags)


def test_without_tags_of_an_owner_the_commit_is_the_only_one() -> None:
    variables = {"commitId": "1a2b3c4d"}

    assert evaluate(tag_list({}), variables=variables, states={}) == [_COMMIT]
