"""The same on containers: built by the pipeline's script, pushed to ECR, run by SageMaker."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.deployment import deploy
from local.engine import choose_engine
from local.image_build import PushedImage
from local.running_cloud import RunningCloud
from local.terminal import LocalError
from tests.e2e.image_content import inspected, look_into, read
from tests.e2e.system import System
from tests.e2e.tree import CONTAINER, ROOT, SAMPLE, SETTINGS, commit_of
from tests.e2e.web import ask_signed

pytestmark = pytest.mark.engine

MOST_BYTES = 100 * 10**6  # that the image may have beyond its base


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
    tag, content = image["imageTags"]
    assert tag == built.tag
    assert content.startswith("content-")
    assert built.uri.endswith(f"@{image['imageDigest']}")
    assert "artifactType" not in image, "a container image, not what stands for one"
    release = contained.release(built)
    outcome = contained.approved(release)
    assert outcome.status == "SUCCEEDED", outcome
    assert outcome.output["evaluation"]["metrics"]["accuracy"] > 0.9
    for row, label in (("4.5,1.3,0.3,0.3", "setosa"), ("5.9,3,5.1,1.8", "virginica")):
        answer = ask_signed(contained.cloud, contained.inference_url, {"data": row})
        assert answer.json() == {"result": label}


def test_the_image_tells_what_it_is(contained: System, built: PushedImage) -> None:
    program, image = _in_engine(contained, built.tag)
    labels = json.loads(inspected(program, image, "{{json .Config.Labels}}"))
    name = "org.opencontainers.image"
    assert labels[f"{name}.revision"][:8] == built.tag
    assert {f"{name}.created", f"{name}.base.name"} < set(labels)
    materials = json.loads(read(program, image, "/opt/program/sbom.cdx.json"))
    purls = {component["purl"].split("@")[0] for component in materials["components"]}
    assert {"pkg:deb/debian/libc6", "pkg:pypi/numpy", "pkg:generic/python"} < purls
    assert "pkg:pypi/pip" not in purls


def test_the_image_holds_what_is_needed_and_no_more(contained: System, built: PushedImage) -> None:
    program, image = _in_engine(contained, built.tag)
    assert contained.engine is not None
    base = contained.engine.base_image
    unwanted = ["cc", "gcc", "g++", "ld", "make", "pip", "pip3"]
    found, before = (look_into(program, each, programs=unwanted) for each in (image, base))
    assert (found.programs, found.pip) == ([], False)
    assert set(found.open) <= set(before.open), "everybody may write there"
    assert set(found.raises) <= set(before.raises)
    assert set(found.caches) <= set(before.caches)
    assert (found.uncompiled, found.useless) == ([], [])
    modules = {path.name for path in (*CONTAINER.glob("tree.py"), *SAMPLE.glob("*.py"))}
    other = {"train", "serve", "plumbing", "__pycache__", "sbom.cdx.json"}
    assert set(found.program) == modules | other
    sizes = [int(inspected(program, each, "{{.Size}}")) for each in (image, base)]
    assert sizes[0] - sizes[1] < MOST_BYTES


def test_another_model_makes_the_last_layer_anew_and_no_other(
    contained: System, built: PushedImage, refused: tuple[str, str]
) -> None:
    layers, others = (
        json.loads(inspected(*_in_engine(contained, tag), "{{json .RootFS.Layers}}"))
        for tag in (built.tag, refused[0])
    )
    assert others[:-1] == layers[:-1]
    assert others[-1] != layers[-1]


def test_a_commit_that_changes_nothing_in_the_image_gets_the_same(
    contained: System, built: PushedImage
) -> None:
    def explain(container: Path) -> None:
        (container / "README.md").write_text("Another text", encoding="utf-8")

    other = contained.push("only words are changed", explain)

    assert other.tag != built.tag
    assert other.uri == built.uri


@pytest.fixture(scope="module")
def refused(contained: System) -> tuple[str, str]:
    """The tag and the message of an image that was built with another model, and not pushed."""

    def break_it(container: Path) -> None:
        with (container / "model.py").open("a", encoding="utf-8") as file:
            file.write("\n\ndef predict(model, features):\n    return [1 / 0]\n")

    with pytest.raises(LocalError) as refusal:
        contained.push("predicts nothing", break_it)
    return commit_of("predicts nothing")[:8], str(refusal.value)


def test_an_image_that_breaks_its_contract_is_not_pushed(refused: tuple[str, str]) -> None:
    assert re.search(r"contract test: train ended .*\n.*ZeroDivisionError", refused[1])


def test_a_package_with_another_hash_is_not_installed(contained: System) -> None:
    def forge(container: Path) -> None:
        requirements = container / "requirements.txt"
        found = re.search(r"^typing-extensions==\S+", requirements.read_text("utf-8"), re.MULTILINE)
        assert found
        requirements.write_text(f"{found[0]} --hash=sha256:{'0' * 64}\n", encoding="utf-8")

    with pytest.raises(LocalError, match="was not built"):
        contained.push("a package of somebody else", forge)
    log = (contained.cloud.state_dir / "image-build.log").read_text(encoding="utf-8")
    assert "DO NOT MATCH THE HASHES" in log


def test_findings_of_the_scan_stop_an_image_that_was_released(
    contained: System, built: PushedImage
) -> None:
    finding = {"name": "CVE-2026-1", "severity": "CRITICAL", "attributes": []}
    file = contained.cloud.state_dir / "scan-findings.json"
    file.write_text(json.dumps({"findings": [finding]}), encoding="utf-8")
    try:
        with pytest.raises(LocalError, match="CRITICAL CVE-2026-1"):
            contained.push("the model in a container")
    finally:
        file.unlink()
    assert contained.push("the model in a container") == built


def _in_engine(contained: System, tag: str) -> tuple[str, str]:
    """The engine's program and the name that it has for an image."""
    assert contained.engine is not None
    repository = f"{contained.cloud.registry}/{contained.deployment.repository_uri}"
    return contained.engine.program, f"{repository}:{tag}"


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
