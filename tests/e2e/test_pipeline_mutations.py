"""A fault in the synthesized pipeline is caught here, and the message names it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.engine import choose_engine
from tests.e2e.mutants import MUTANTS, Mutant
from tests.e2e.mutation import Laboratory
from tests.e2e.tree import ROOT


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    """A cloud for pipelines with faults."""
    engine = choose_engine("auto", cache=ROOT / ".local" / "cache")
    with Laboratory.opened(tmp_path_factory.mktemp("laboratory"), engine=engine) as opened:
        yield opened


@pytest.mark.parametrize(
    "mutant",
    [
        pytest.param(mutant, id=mutant.name, marks=[pytest.mark.engine] if mutant.engine else [])
        for mutant in MUTANTS
    ],
)
def test_a_fault_is_caught_and_named(laboratory: Laboratory, mutant: Mutant) -> None:
    if mutant.engine and laboratory.system.engine is None:
        pytest.skip("no container engine with a base image: start Docker or install Podman")
    caught = laboratory.try_out(mutant)
    assert caught.where == mutant.where, caught.message
    for part in mutant.says:
        assert part in caught.message
