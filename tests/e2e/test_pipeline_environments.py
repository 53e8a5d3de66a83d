"""`git push` takes a commit through two environments, in accounts of their own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from local.deployment import deploy, read_outputs, region_of
from local.engine import choose_engine
from local.pipeline_runs import PipelineRuns
from local.progress import pipeline_of
from local.repository import SourceRepository
from local.running_cloud import RunningCloud
from tests.e2e.commits import Project
from tests.e2e.environments import ENVIRONMENTS, served
from tests.e2e.system import System
from tests.e2e.tree import ROOT, SETTINGS

pytestmark = pytest.mark.engine

_PATIENCE_SECONDS = 900


@dataclass(frozen=True, kw_only=True)
class Pushed:
    """What a push has done."""

    dev: System
    prod: System
    pipeline: PipelineRuns
    commit: str
    shown: str


@pytest.fixture(scope="module")
def pushed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pushed]:
    """Three accounts with everything deployed, and one commit pushed and approved."""
    engine = choose_engine("auto", cache=ROOT / ".local" / "cache")
    if engine is None:
        pytest.skip("no container engine with a base image: start Docker or install Podman")
    folder = tmp_path_factory.mktemp("pushed")
    project = Project.make(folder / "project")
    settings = project.folder / "settings.toml"
    settings.write_text(SETTINGS.read_text(encoding="utf-8") + ENVIRONMENTS, encoding="utf-8")
    commit = project.commit("Two environments")
    cloud = RunningCloud.start(
        folder / "cloud",
        engine=engine.program,
        base_image=engine.base_image,
        region=region_of(settings),
    )
    try:
        repository = SourceRepository(state_dir=cloud.state_dir)
        repository.create()
        dev = System(cloud=cloud, deployment=deploy(cloud, settings=settings, pipeline=True))
        prod = System(cloud=cloud, deployment=read_outputs(cloud, environment="prod"))
        dev.put_iris()
        prod.put_iris()
        prod.put_data("train", {})
        shown = project.push(repository, seconds=_PATIENCE_SECONDS, DECISION="approve")
        pipeline = pipeline_of(cloud)
        yield Pushed(dev=dev, prod=prod, pipeline=pipeline, commit=commit, shown=shown)
    finally:
        cloud.stop()


def test_a_push_goes_through_both(pushed: Pushed) -> None:
    run = pushed.pipeline.runs()[0]
    assert (run.status, run.commit) == ("Succeeded", pushed.commit), pushed.shown
    titles = [action.title for action in pushed.pipeline.actions(run.execution_id)]
    starts = [title for title in titles if title.endswith("/ StartRelease")]
    assert starts == ["iris-Dev / StartRelease", "iris-Prod / StartRelease"]
    # One image, one model, built and trained once
    images, models = zip(*(served(system) for system in (pushed.dev, pushed.prod)), strict=True)
    assert images[0] == images[1]
    assert models[0] == models[1]
    assert [title for title in titles if title.endswith("/ BuildImage")] == [
        "iris-Dev / BuildImage"
    ]
