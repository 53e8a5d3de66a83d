"""Syntheses shared by the tests: the first costs seconds, reading one again costs nothing."""

from __future__ import annotations

from typing import Any

import pytest
from aws_cdk.assertions import Template

from tests.infrastructure.answers import RELEASE_INPUT, walks
from tests.infrastructure.intrinsics import Intrinsics
from tests.infrastructure.synthesis import Synthesis, synthesized, synthesized_two


@pytest.fixture(scope="session")
def shipped() -> Synthesis:
    """The checked-in settings: kept data, signed inference, a connection as source."""
    return synthesized("shipped")


@pytest.fixture(scope="session")
def disposable() -> Synthesis:
    """Data deleted with the stacks, open inference, CodeCommit, spot training, serverless."""
    return synthesized("disposable")


@pytest.fixture(scope="session")
def closed() -> Synthesis:
    """No inference route, no path filter; regression, linear rollout, captured data."""
    return synthesized("closed")


@pytest.fixture(scope="session")
def dev() -> Synthesis:
    """The first of two environments: it trains, and asks nobody."""
    return synthesized_two()[0]


@pytest.fixture(scope="session")
def prod() -> Synthesis:
    """The second: it takes what the first offers, and asks."""
    return synthesized_two()[1]


@pytest.fixture(scope="session")
def pipeline_template(shipped: Synthesis) -> Template:
    """The pipeline stack's template."""
    return shipped.assertions["pipeline"]


@pytest.fixture(scope="session")
def foundation_template(shipped: Synthesis) -> Template:
    """The stateful stack's template."""
    return shipped.assertions["foundation"]


@pytest.fixture(scope="session")
def release_template(shipped: Synthesis) -> Template:
    """The stateless stack's template."""
    return shipped.assertions["release"]


@pytest.fixture(scope="session")
def release_intrinsics(shipped: Synthesis) -> Intrinsics:
    """Resolves values of the stateless stack."""
    templates = shipped.templates
    return Intrinsics(templates["release"], others=(templates["foundation"],))


@pytest.fixture(scope="session")
def definition(shipped: Synthesis) -> dict[str, Any]:
    """The state machine's definition in Amazon States Language, intrinsics resolved."""
    return shipped.definition


@pytest.fixture(scope="session")
def states(shipped: Synthesis) -> dict[str, Any]:
    """The states by name, those inside of Maps included."""
    return shipped.states


@pytest.fixture(scope="session")
def calls(definition: dict[str, Any]) -> list[tuple[str, Any]]:
    """(state, arguments) of every call in executions that together call every task."""
    longest = {
        "commitID": "A" * 128,
        "imageUri": "r" * 184 + "@sha256:" + "9f" * 31 + "9",  # 255 characters
    }
    return [
        call
        for release_input in (RELEASE_INPUT, longest)
        for walk in walks(definition, release_input)
        for call in walk.calls
    ]
