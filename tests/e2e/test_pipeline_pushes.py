"""`git push` to the local cloud: the synthesized pipeline takes a commit to a live endpoint."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from local import pipeline_verbs
from local.deployment import deploy
from local.engine import choose_engine
from local.pipeline_runs import PipelineRuns, Run
from local.progress import pipeline_of
from local.release import wait_for
from local.repository import SourceRepository
from local.running_cloud import RunningCloud
from tests.e2e.commits import BRANCH, Project
from tests.e2e.system import System
from tests.e2e.tree import ROOT, SETTINGS
from tests.e2e.web import ask_signed

pytestmark = pytest.mark.engine

_PATIENCE_SECONDS = 600
_ADDED_STAGE = {
    "        release.finish(": """\
        release.pipeline.add_wave(
            "Announce", post=[pipelines.ShellStep("Tell", commands=["echo The model is out."])]
        )
        release.finish(""",
    "import Aws, Environment, Stack\n": "import Aws, Environment, Stack, pipelines\n",
}


@dataclass(frozen=True, kw_only=True)
class Pushed:
    """A cloud whose pipeline watches a repository, and a person's clone."""

    system: System
    repository: SourceRepository
    project: Project
    pipeline: PipelineRuns

    def push(self) -> str:
        """Push HEAD and approve; what the terminal shows."""
        return self.project.push(self.repository, seconds=_PATIENCE_SECONDS, DECISION="approve")

    def runs(self) -> list[Run]:
        """Every run of the pipeline, newest first."""
        return self.pipeline.runs()

    def image_of(self, commit: str) -> str:
        """The digest of a commit's image."""
        [image] = self.system.client("ecr").describe_images(
            repositoryName=self.system.deployment.repository_name,
            imageIds=[{"imageTag": commit[:8]}],
        )["imageDetails"]
        return str(image["imageDigest"])

    def trainings(self) -> list[str]:
        """The jobs that have trained a model."""
        jobs = self.system.client("sagemaker").list_training_jobs()["TrainingJobSummaries"]
        return [job["TrainingJobName"] for job in jobs]

    def answers(self) -> object:
        """What the live model says of a flower."""
        url = self.system.inference_url
        return ask_signed(self.system.cloud, url, {"data": "5.9,3,5.1,1.8"}).json()


@pytest.fixture(scope="module")
def pushed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pushed]:
    """A cloud of its own, with the pipeline deployed and nothing pushed yet."""
    engine = choose_engine("auto", cache=ROOT / ".local" / "cache")
    if engine is None:
        pytest.skip("no container engine with a base image: start Docker or install Podman")
    folder = tmp_path_factory.mktemp("pushed")
    cloud = RunningCloud.start(
        folder / "cloud", engine=engine.program, base_image=engine.base_image
    )
    try:
        repository = SourceRepository(state_dir=cloud.state_dir)
        repository.create()
        deployment = deploy(cloud, settings=SETTINGS, pipeline=True)
        system = System(cloud=cloud, deployment=deployment, engine=engine)
        system.put_iris()
        yield Pushed(
            system=system,
            repository=repository,
            project=Project.make(folder / "project"),
            pipeline=pipeline_of(cloud),
        )
    finally:
        cloud.stop()


@pytest.fixture(scope="module")
def first(pushed: Pushed) -> str:
    """The first push, of a commit that also adds a stage; what the terminal has shown."""
    pushed.project.replace("mlops_stacks/pipeline_stack.py", _ADDED_STAGE)
    pushed.project.replace("settings.toml", {"skip_unchanged = false": "skip_unchanged = true"})
    pushed.project.commit("Announce releases")
    assert pushed.runs() == [], "nothing runs before anything is pushed"
    return pushed.push()


def test_a_push_changes_the_pipeline_then_goes_live(pushed: Pushed, first: str) -> None:
    # Given a commit that adds a stage to the pipeline
    # When it is pushed, its own commit changes the pipeline, which begins again as it is now
    again, cancelled = pushed.runs()
    assert (cancelled.status, again.status) == ("Cancelled", "Succeeded"), first
    commit = pushed.project.head()
    assert {again.commit, cancelled.commit} == {commit}
    done = [action.title for action in pushed.pipeline.actions(cancelled.execution_id)]
    assert done[-1] == "UpdatePipeline / SelfMutate"
    # Then the new stage is run, after a release whose model answers
    titles = [action.title for action in pushed.pipeline.actions(again.execution_id)]
    assert titles[-2:] == ["iris-Production / StartRelease", "Announce / Tell"]
    assert "The model is out." in _log(pushed, again, "Announce.Tell")
    assert pushed.answers() == {"result": "virginica"}
    endpoint = pushed.system.endpoint()
    assert endpoint
    assert endpoint["EndpointStatus"] == "InService"
    assert endpoint["EndpointConfigName"].startswith(f"iris--{commit[:8]}-")
    # And whoever has pushed has seen it, action by action
    for line in (
        "-> Build / Synth",
        "Build / Synth: succeeded",
        "The commit has changed the pipeline itself.",
        "-> Ask for approval",
        "LIVE: iris model",
        "Announce / Tell: succeeded",
        '5.7,2.8,4.5,1.3 -> {"result": "versicolor"}',
    ):
        assert re.search(rf"^remote: .*{re.escape(line)}", first, re.MULTILINE), first


@pytest.mark.usefixtures("first")
def test_the_same_commit_starts_nothing_but_can_be_run_again(
    pushed: Pushed,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = pushed.runs()
    assert "Everything up-to-date" in pushed.push()
    monkeypatch.setattr(pipeline_verbs, "head_commit", pushed.project.head)
    assert pipeline_verbs.push(pushed.system.cloud, again=False) == 0
    assert "A push without a new commit starts nothing." in capsys.readouterr().out
    assert pushed.runs() == before
    # When it is asked for, it is a run like any other, here one that is stopped
    execution_id = pushed.pipeline.start()
    wait_for(lambda: pushed.pipeline.actions(execution_id), seconds=60, what="its first action")
    pushed.pipeline.client.stop_pipeline_execution(
        pipelineName=pushed.pipeline.name, pipelineExecutionId=execution_id, abandon=True
    )
    wait_for(
        lambda: pushed.pipeline.run(execution_id).status == "Stopped", seconds=60, what="the stop"
    )
    assert pushed.pipeline.run(execution_id).commit in ("", pushed.project.head())


@pytest.mark.usefixtures("first")
def test_a_commit_of_documents_starts_nothing(pushed: Pushed) -> None:
    before = pushed.runs()
    pushed.project.write("docs/notes.txt", "What we have tried.\n")
    pushed.project.write("README.md", "# Iris\n")
    commit = pushed.project.commit("Write down what we have tried")
    shown = pushed.push()
    assert pushed.repository.commit_of(BRANCH) == commit
    assert "iris-pipeline does not start" in shown
    assert "docs/**" in shown
    assert pushed.runs() == before


@pytest.mark.usefixtures("first")
def test_a_commit_of_settings_updates_the_stacks_and_trains_nothing(pushed: Pushed) -> None:
    released, trained = pushed.image_of(_live_commit(pushed)), pushed.trainings()
    pushed.project.replace("settings.toml", {"accuracy = 0.6\n": "accuracy = 0.55\n"})
    commit = pushed.project.commit("Ask a little less")
    shown = pushed.push()
    # Then the commit is live, by the same image and without training
    assert pushed.runs()[0].status == "Succeeded", shown
    assert _live_commit(pushed) == commit[:8]
    assert pushed.image_of(commit) == released
    assert pushed.trainings() == trained
    assert "not trained again" in shown
    assert pushed.answers() == {"result": "virginica"}
    # And the gate is the commit's
    assert "must be at least 55.0 %" in shown


def _live_commit(pushed: Pushed) -> str:
    endpoint = pushed.system.endpoint()
    assert endpoint
    return str(endpoint["EndpointConfigName"]).removeprefix("iris--").partition("-")[0]


def _log(pushed: Pushed, run: Run, action: str) -> str:
    logs: Path = pushed.system.cloud.state_dir / "logs" / "pipeline" / pushed.pipeline.name
    return (logs / run.execution_id / f"{action}.log").read_text(encoding="utf-8")
