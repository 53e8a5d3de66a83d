"""One local cloud for all tests that run the model as processes, and what they share on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.deployment import deploy
from local.image_build import PushedImage
from local.release import Release, wait_for
from local.running_cloud import RunningCloud
from local.sagemaker.runners.process import environment_name
from tests.e2e.processes import mentioning
from tests.e2e.system import ADA, Approved, System
from tests.e2e.tree import CONTAINER, EXAMPLES, ROOT, settings_with
from tests.e2e.web import ask, submit

_HERE = Path(__file__).resolve().parent
_LONGEST_FIRST = (
    "test_pipeline_pushes",
    "test_pipeline_environments",
    "test_rollout",
    "test_environments",
    "test_engine",
    "test_retraining",
    "test_command_line",
    "test_examples",
    "test_clean_up",
    "test_pipeline_mutations",
    "test_endpoint_failure",
    "test_edited_project",
    "test_approval_properties",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here runs on a whole cloud; it goes first, and its longest files before all."""
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.e2e)
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    # Tests run side by side by files: a long one that begins last would be waited for.
    if item.path.stem in _LONGEST_FIRST:
        return _LONGEST_FIRST.index(item.path.stem)
    return len(_LONGEST_FIRST) + (_HERE not in item.path.parents)


@pytest.fixture(scope="session")
def environments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The models' Python environments, shared by all clouds: making one takes half a minute.

    Those that a person's cloud or `make` has made are there already.
    """
    folder = tmp_path_factory.mktemp("environments")
    for name, made in _environments_made().items():
        (folder / name).symlink_to(made)
    return folder


def _environments_made() -> dict[str, Path]:
    """Complete environments by the names that clouds look for."""
    local = ROOT / ".local"
    found = {path.parent.name: path.parent for path in local.glob("environments/*/.complete")}
    # Those of the models' own tests hold the packages of the image, and a few more.
    for requirements in (CONTAINER / "requirements.txt", *EXAMPLES.glob("*/requirements.txt")):
        model = requirements.parent.relative_to(ROOT)
        own = requirements.parent == CONTAINER
        complete = local / ("container-env" if own else Path("models") / model) / ".complete"
        if complete.is_file() and complete.stat().st_mtime >= requirements.stat().st_mtime:
            found.setdefault(environment_name(requirements.read_bytes()), complete.parent)
    return found


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory, environments: Path) -> Iterator[System]:
    """A cloud of its own on free ports, deployed, with the iris data."""
    state_dir = tmp_path_factory.mktemp("cloud")
    (state_dir / "environments").symlink_to(environments)
    # The tests look at models of releases that others followed: clean-up has a test of its own.
    settings = settings_with(state_dir, {"keep_versions = 2": "keep_versions = 30"})
    cloud = RunningCloud.start(state_dir, engine=None)
    try:
        made = System(cloud=cloud, deployment=deploy(cloud, settings=settings))
        made.put_iris()
        yield made
        assert made.given_up() == []
    finally:
        cloud.stop()
    wait_for(lambda: not mentioning(str(state_dir)), seconds=90, what="the end of every process")


@pytest.fixture(scope="session")
def image(system: System) -> PushedImage:
    """The sample model, pushed."""
    return system.push("the sample model")


@pytest.fixture(scope="session")
def first(system: System, image: PushedImage) -> Approved:
    """The first release: looked at, approved over the mailed link, live."""
    release = system.release(image)
    link = release.wait_for_approval_link(ADA)
    page = ask("GET", link)
    assert release.outcome().status == "RUNNING", "looking has decided"
    answer = submit(link, decision="approve", reason="Good on all classes")
    outcome = system.ended(release)
    return Approved(release=release, outcome=outcome, link=link, page=page, answer=answer)


@pytest.fixture
def live(system: System, first: Approved, image: PushedImage) -> dict[str, Any]:
    """The endpoint, in service; the sample model is released again if it is gone."""
    assert first.outcome.status == "SUCCEEDED", first.outcome
    if system.endpoint() is None:
        assert system.approved(system.release(image)).status == "SUCCEEDED"

    def in_service() -> dict[str, Any] | None:
        # The test before may have left it while it was updated.
        found = system.endpoint()
        return found if found and found["EndpointStatus"] == "InService" else None

    found: dict[str, Any] = wait_for(in_service, seconds=60, what="the endpoint in service")
    return found


@pytest.fixture
def data(system: System) -> Iterator[System]:
    """The system for a test that changes the data; the iris data is back afterwards."""
    yield system
    system.put_iris()


@pytest.fixture
def waiting(system: System, first: Approved, image: PushedImage) -> Iterator[Release]:
    """A release that waits for a decision; training was spared it."""
    release = system.waiting(first, image)
    yield release
    release.abort()
