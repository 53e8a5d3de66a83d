"""build-and-push.sh: only what SageMaker takes, and only this commit's, is handed over."""

import json

import pytest
from build_bench import COMMIT, CONTENT, DIGEST, ECR, OCI_MANIFEST, OTHER_DIGEST, TAG, Bench

COLLIDING = COMMIT[:8] + "f" * 32
HANDED_OVER = {"commitID": TAG, "imageUri": f"{ECR}@{DIGEST}"}
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
    done = bench.push(**environment)
    assert done.code == 0, done.err
    engine = environment.get("CONTAINER_ENGINE", "docker")
    build, push = done.call(f"{engine} build "), done.call(f"{engine} push ")
    assert "--platform linux/amd64 " in build
    every = {option for _, in_build, in_push in KINDS.values() for option in in_build + in_push}
    assert {option for option in every if option in build} == set(built)
    assert {option for option in every if option in push} == set(pushed)


def test_another_platform_can_be_asked_for(bench: Bench) -> None:
    done = bench.push(ARCHITECTURE="arm64", PLATFORM="linux/arm64")
    assert done.code == 0, done.err
    assert "--platform linux/arm64 " in done.call("docker build ")
    assert CONTENT not in done.tags, "its content is another one's"


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
    done = bench.push(**environment)
    assert (done.code, done.release, done.tags) == (1, None, {})
    assert said in done.err


@pytest.mark.parametrize("tags", [{}, {TAG: DIGEST}], ids=["just pushed", "there already"])
def test_an_oci_manifest_in_the_repository_fails_and_says_how_to_delete_it(
    bench: Bench, tags: dict[str, str]
) -> None:
    done = bench.push(tags, MEDIA_TYPE=OCI_MANIFEST)
    assert (done.code, done.release) == (1, None)
    assert f"of type {OCI_MANIFEST}" in done.err
    delete = "aws ecr batch-delete-image --region eu-west-1 --repository-name model --image-ids"
    assert f"{delete} imageDigest={DIGEST}" in done.err


def test_what_is_made_of_the_same_is_the_same_image(bench: Bench) -> None:
    done = bench.push({CONTENT: DIGEST, "older000": DIGEST})
    assert done.code == 0, done.err
    assert done.release == HANDED_OVER
    assert done.tags[TAG] == DIGEST
    assert f"Nothing that the image is made of has changed: {TAG} is {CONTENT}" in done.out
    assert not done.has_called("docker build ")
    assert not done.has_called("docker push")


def test_a_new_image_is_found_by_its_content_later(bench: Bench) -> None:
    done = bench.push({"content-0000000000000000": OTHER_DIGEST})
    assert done.code == 0, done.err
    assert (done.tags[TAG], done.tags[CONTENT]) == (DIGEST, DIGEST)


def test_a_tag_of_another_commit_is_not_taken_for_this_one(bench: Bench) -> None:
    done = bench.push({TAG: DIGEST}, COMMIT_ID=COLLIDING)
    assert (done.code, done.release) == (1, None)
    assert "01234567 is taken by another commit" in done.err
    assert COMMIT in done.err


def test_an_image_that_another_commit_has_built_of_the_same_is_taken(bench: Bench) -> None:
    done = bench.push({TAG: DIGEST, CONTENT: DIGEST}, REVISION="a" * 40)
    assert (done.code, done.release) == (0, HANDED_OVER)


@pytest.mark.parametrize("environment", [{"REVISION": "unknown"}, {"NO_DOWNLOAD": "1"}])
def test_where_the_commit_cannot_be_read_the_tag_is_trusted_and_that_is_said(
    bench: Bench, environment: dict[str, str]
) -> None:
    done = bench.push({TAG: DIGEST}, **environment)
    assert (done.code, done.release) == (0, HANDED_OVER)
    assert "its tag is trusted" in done.err


@pytest.mark.parametrize("tags", [{}, {TAG: DIGEST}, {CONTENT: DIGEST}])
def test_findings_stop_new_and_old_images(bench: Bench, tags: dict[str, str]) -> None:
    finding = {
        "name": "CVE-2026-1",
        "severity": "CRITICAL",
        "attributes": [
            {"key": "package_name", "value": "openssl"},
            {"key": "package_version", "value": "3.0"},
        ],
    }
    scan = {"imageScanStatus": {"status": "COMPLETE"}, "imageScanFindings": {"findings": [finding]}}
    settings = {"SCAN": json.dumps(scan), "SCANNED_TODAY": "1"}

    done = bench.push(tags, **settings)
    accepted = bench.push(tags, SCAN_ACCEPTED="CVE-2025-9 CVE-2026-1", **settings)
    off = bench.push(tags, SCAN_SEVERITY="off", **settings)

    assert (done.code, done.release) == (1, None)
    assert "CRITICAL CVE-2026-1 in openssl 3.0" in done.err
    assert "newer base image" in done.err
    assert done.has_called("aws ecr start-image-scan") == bool(tags)
    assert (accepted.code, accepted.release) == (0, HANDED_OVER)
    assert "but for those that are accepted: CVE-2026-1" in accepted.out
    assert (off.code, off.release) == (0, HANDED_OVER)
    assert not off.has_called("aws ecr describe-image-scan-findings")
