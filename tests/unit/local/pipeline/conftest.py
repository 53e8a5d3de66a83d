"""Pipelines on stand-ins, and waits for what their threads do."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local.pipeline.api import Api
from local.pipeline.executions import Execution
from local.pipeline.pipeline import Pipeline
from local.pipeline.service import Pipelines
from tests.unit.local.pipeline.examples import ACCOUNT, NAME, GitTree, Properties, properties
from tests.unit.local.pipeline.fakes import FakeBuilds, FakeCloud

PATIENCE = 10.0


class Place:
    """A repository, a cloud, builds, and the pipelines between them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tree = GitTree(folder)
        self.cloud = FakeCloud()
        files = {"stack.json": '{"Resources": {}}', "input.json": '{"commitID": "1"}'}
        self.builds = FakeBuilds(self.cloud.objects, files)
        self.pipelines = Pipelines(self.cloud.surroundings(folder), self.builds)
        self._api = Api(self.pipelines)

    def made(self, made: Properties | None = None) -> Pipeline:
        """The pipeline, made of a template's properties."""
        return self.pipelines.create(made or properties(), name=NAME, account=ACCOUNT)

    def call(self, operation: str, **request: Any) -> Any:  # noqa: ANN401
        """An answer of the API."""
        return self._api.call(operation, request, account=ACCOUNT)

    def ended(self, execution: Execution) -> Execution:
        """Wait until an execution has ended and told so."""
        wait_for(lambda: not execution.goes_on)
        told = {"Succeeded": "SUCCEEDED", "Failed": "FAILED", "Stopped": "STOPPED"}
        state = told.get(execution.status)
        if state:
            wait_for(lambda: state in self.cloud.states("Pipeline"))
        return execution


def wait_for(condition: Callable[[], object]) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it does not become so"
        time.sleep(0.005)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A place of its own; nothing is left running."""
    made = Place(tmp_path)
    yield made
    made.pipelines.shutdown()
    made.builds.gate.set()
