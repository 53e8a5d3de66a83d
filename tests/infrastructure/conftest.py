"""Syntheses shared by the tests: the first costs seconds, reading one again costs nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aws_cdk.assertions import Template

from tests.infrastructure.intrinsics import Intrinsics
from tests.infrastructure.synthesis import Synthesis, synthesized


@pytest.fixture(scope="session")
def shipped() -> Synthesis:
    """The checked-in settings: kept data, signed inference, a connection as source."""
    return synthesized("shipped")


@pytest.fixture(scope="session")
def disposable() -> Synthesis:
    """Data deleted with the stacks, open inference, CodeCommit as source."""
    return synthesized("disposable")


@pytest.fixture(scope="session")
def closed() -> Synthesis:
    """No inference route, no path filter."""
    return synthesized("closed")


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
def definition(shipped: Synthesis, release_intrinsics: Intrinsics) -> dict[str, Any]:
    """The state machine's definition in Amazon States Language, intrinsics resolved."""
    machine = shipped.only("AWS::StepFunctions::StateMachine")
    loaded: dict[str, Any] = json.loads(release_intrinsics.resolve(machine["DefinitionString"]))
    return loaded


@pytest.fixture(scope="session")
def states(definition: dict[str, Any]) -> dict[str, Any]:
    """The states by name."""
    return dict(definition["States"])
