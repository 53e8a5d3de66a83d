"""build-and-push.sh: only what SageMaker takes, and only this commit's, is handed over."""

import pytest
from build_bench import COMMIT, DIGEST, ECR, OCI_MANIFEST, Bench

COLLIDING = COMMIT[:8] + "f" * 32
PODMAN = {"CONTAINER_ENGINE": "podman"}
KINDS = {
    "podman": (PODMAN, ["--format docker"], ["--format v2s2"]),
    "podman by the name of docker": (
        {"VERSION": "podman version 4.3.1"},
        ["--format docker"],
        ["--format v2s2"],
    ),
    "buildx": (
        {},
        ["--provenance=false", "--sbom=false", "--output type=docker,oci-mediatypes=false"],
        [],
    ),
    "docker": ({"NO_BUILDX": "1"}, [], []),
}


@pytest.mark.parametrize(("environment", "built", "pushed"), KINDS.values(), ids=KINDS)
def test_sagemaker_gets_an_amd64_image_with_a_docker_manifest(
    bench: Bench, environment: dict[str, str], built: list[str], pushed: list[str]
) -> None:
    done = bench.run(REPOSITORY_URI=ECR, COMMIT_ID=COMMIT, **environment)
    assert (done.code, done.err) == (0, "")
    engine = environment.get("CONTAINER_ENGINE", "docker")
    build, push = done.call(f"{engine} build "), done.call(f"{engine} push ")
    assert "--platform linux/amd64 " in build
    every = {option for _, in_build, in_push in KINDS.values() for option in in_build + in_push}
    assert {option for option in every if option in build} == set(built)
    assert {option for option in every if option in push} == set(pushed)


def test_another_platform_can_be_asked_for(bench: Bench) -> None:
    arm = {"COMMIT_ID": COMMIT, "PLATFORM": "linux/arm64"}
    done = bench.run(REPOSITORY_URI=ECR, ARCHITECTURE="arm64", **arm)
    assert done.code == 0, done.err
    assert "--platform linux/arm64 " in done.call("docker build ")


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"ARCHITECTURE": "arm64"}, "not for linux/amd64"),
        ({"BUILT": OCI_MANIFEST}, "OCI manifest"),
    ],
)
def test_an_image_that_sagemaker_would_refuse_is_not_pushed(
    bench: Bench, environment: dict[str, str], said: str
) -> None:
    done = bench.run(REPOSITORY_URI=ECR, COMMIT_ID=COMMIT, **environment)
    assert (done.code, done.release) == (1, None)
    assert said in done.err
    assert not [call for call in done.calls if call.startswith("docker push")]


@pytest.mark.parametrize("there", ["", "1"], ids=["just pushed", "there already"])
@pytest.mark.parametrize("repository", [ECR, "localhost:5000/model"])
@pytest.mark.parametrize("engine", ["docker", "podman"])
def test_an_oci_manifest_in_the_repository_fails_and_says_how_to_delete_it(
    bench: Bench, engine: str, repository: str, there: str
) -> None:
    environment = {"CONTAINER_ENGINE": engine, "HAS_TAG": there, "MEDIA_TYPE": OCI_MANIFEST}
    done = bench.run(REPOSITORY_URI=repository, COMMIT_ID=COMMIT, **environment)
    assert (done.code, done.release) == (1, None)
    assert f"of type {OCI_MANIFEST}" in done.err
    removal = {
        ECR: "aws ecr batch-delete-image --registry-id 123456789012 --region eu-west-1 "
        "--repository-name model --image-ids imageTag=01234567"
    }
    assert removal.get(repository, "delete the tag 01234567") in done.err


@pytest.mark.parametrize("repository", [ECR, "localhost:5000/model"])
def test_a_tag_of_another_commit_is_not_taken_for_this_one(bench: Bench, repository: str) -> None:
    done = bench.run(REPOSITORY_URI=repository, COMMIT_ID=COLLIDING, HAS_TAG="1")
    assert (done.code, done.release) == (1, None)
    assert "01234567 is taken by another commit" in done.err
    assert COMMIT in done.err
    assert COLLIDING in done.err


@pytest.mark.parametrize(
    ("repository", "environment"),
    [
        (ECR, {"REVISION": "unknown"}),
        (ECR, {"NO_DOWNLOAD": "1"}),
        ("localhost:5000/model", {"REVISION": ""}),
    ],
)
def test_where_the_commit_cannot_be_read_the_tag_is_trusted_and_that_is_said(
    bench: Bench, repository: str, environment: dict[str, str]
) -> None:
    done = bench.run(REPOSITORY_URI=repository, COMMIT_ID=COMMIT, HAS_TAG="1", **environment)
    assert done.code == 0, done.err
    assert "its tag is trusted" in done.err
    assert done.release == {"commitID": "01234567", "imageUri": f"{repository}@{DIGEST}"}


@pytest.mark.parametrize(
    ("repository", "options"),
    [("localhost:5000/model", "--insecure "), ("registry.example.com/model", "")],
)
def test_docker_trusts_only_this_machines_own_registry_unseen(
    bench: Bench, repository: str, options: str
) -> None:
    done = bench.run(REPOSITORY_URI=repository, COMMIT_ID=COMMIT, HAS_TAG="1")
    assert done.call("docker manifest") == f"docker manifest inspect {options}{repository}:01234567"
