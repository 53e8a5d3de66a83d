"""The same on containers: built by the pipeline's script, pushed to ECR, run by SageMaker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.deployment import deploy
from local.engine import choose_engine
from local.image import PushedImage
from local.running_cloud import RunningCloud
from tests.e2e.system import System
from tests.e2e.tree import ROOT, SETTINGS
from tests.e2e.web import ask_signed

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def contained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A cloud of its own whose SageMaker runs containers."""
    engine = choose_engine("auto", cache=ROOT / ".local" / "cache")
    if engine is None:
        pytest.skip("no container engine with a base image: start Docker or install Podman")
    cloud = RunningCloud.start(tmp_path_factory.mktemp("contained"), engine=engine.program)
    try:
        deployment = deploy(cloud, settings=SETTINGS)
        made = System(cloud=cloud, deployment=deployment, engine=engine)
        made.put_iris()
        yield made
    finally:
        cloud.stop()


@pytest.fixture(scope="module")
def built(contained: System) -> PushedImage:
    """The image, built and pushed by container/build-and-push.sh."""
    return contained.push("the model in a container")


def test_a_built_image_is_trained_approved_and_served(
    contained: System, built: PushedImage
) -> None:
    [image] = contained.client("ecr").describe_images(
        repositoryName=contained.deployment.repository_name
    )["imageDetails"]
    assert image["imageTags"] == [built.tag]
    assert built.uri.endswith(f"@{image['imageDigest']}")
    assert "artifactType" not in image, "a container image, not what stands for one"
    release = contained.release(built)
    outcome = contained.approved(release)
    assert outcome.status == "SUCCEEDED", outcome
    assert outcome.output["evaluation"]["metrics"]["accuracy"] > 0.9
    for row, label in (("4.5,1.3,0.3,0.3", "setosa"), ("5.9,3,5.1,1.8", "virginica")):
        answer = ask_signed(contained.cloud, contained.inference_url, {"data": row})
        assert answer.json() == {"result": label}


def test_a_failing_container_says_why(contained: System, built: PushedImage) -> None:
    why = "ragged.csv line 2: 2 columns, but the rows before have 5"
    contained.put_data("train", {"ragged.csv": "setosa,5.1,3.5,1.4,0.2\nsetosa,5.1\n"})
    release = contained.release(built)
    outcome = contained.ended(release)
    assert (outcome.status, outcome.error) == ("FAILED", "States.TaskFailed")
    assert why in outcome.cause
    assert why in release.mails()[0]["body"]
    folders: Path = contained.cloud.state_dir / "jobs"
    assert not [path for path in folders.glob("*") if release.mark in path.name]
