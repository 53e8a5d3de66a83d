"""build-and-push.sh, with stand-ins for engine and AWS CLI that note how they are called."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from support import CONTAINER

COMMIT = "0123456789abcdef0123456789abcdef01234567"
ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/model"
DIGEST = "sha256:" + "d" * 64

ENGINE = """#!/usr/bin/env bash
echo "$(basename "$0") $*" >>"$CALLS"
case "$1" in
    pull) [[ -n ${HAS_TAG:-} && $* != *@sha256:local* ]] ;;
    image)
        for name in other/model@sha256:0 localhost:5000/model@sha256:local; do echo $name; done
        echo "localhost:5000/model@$DIGEST"
        ;;
    push)
        while [[ $# -gt 0 ]]; do
            [[ $1 != --digestfile ]] || echo -n "$DIGEST" >"$2"
            shift
        done ;;
    build) [[ -z ${BUILD_FAILS:-} ]] ;;
    buildx) [[ -z ${NO_BUILDX:-} ]] ;;
    login) cat >/dev/null ;;
esac
"""
AWS = """#!/usr/bin/env bash
echo "aws $*" >>"$CALLS"
case "$*" in
    *get-login-password*) echo secret ;;
    *imageTags*) echo newest ;;
    *describe-images*)
        if [[ -n ${HAS_TAG:-} ]]; then echo "$DIGEST"; else
            echo "An error occurred (${ECR_ERROR:-ImageNotFoundException})"; exit 254; fi ;;
esac
"""


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str
    calls: list[str]
    release: object

    def call(self, start: str) -> str:
        [call] = [call for call in self.calls if call.startswith(start)]
        return call


class Bench:
    """Runs the script in ``folder`` with only the stand-ins and the basic tools on PATH."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = folder / "bin"
        self.bin.mkdir()
        for name, text in (("docker", ENGINE), ("podman", ENGINE), ("aws", AWS)):
            (self.bin / name).write_text(text)
            (self.bin / name).chmod(0o755)

    def run(self, *arguments: str, **environment: str) -> Outcome:
        calls = self.folder / "calls"
        calls.write_text("")
        release = self.folder / "out" / "release-input.json"
        finished = subprocess.run(
            [str(CONTAINER / "build-and-push.sh"), *arguments],
            cwd=self.folder,
            env={
                "PATH": f"{self.bin}:{os.defpath}",
                "CALLS": str(calls),
                "DIGEST": DIGEST,
                "OUTPUT": str(release),
                **environment,
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Outcome(
            code=finished.returncode,
            out=finished.stdout,
            err=finished.stderr,
            calls=calls.read_text().splitlines(),
            release=json.loads(release.read_text()) if release.exists() else None,
        )


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_a_new_commit_is_built_pushed_and_handed_over(bench: Bench) -> None:
    done = bench.run(REPOSITORY_URI=ECR, COMMIT_ID=COMMIT)
    assert done.code == 0, done.err
    assert done.release == {"commitID": "01234567", "imageUri": f"{ECR}:01234567"}
    assert f"REVISION={COMMIT}" in done.call("docker build ")
    assert f"--cache-from {ECR}:newest" in done.call("docker build ")
    assert done.call("docker push ").endswith(f"{ECR}:01234567")
    assert "--username AWS --password-stdin 123456789012.dkr.ecr" in done.call("docker login")
    assert "secret" not in done.out + done.err


@pytest.mark.parametrize("repository", [ECR, "localhost:5000/model"])
def test_a_commit_that_is_there_is_not_built_again(bench: Bench, repository: str) -> None:
    done = bench.run(REPOSITORY_URI=repository, COMMIT_ID=COMMIT, HAS_TAG="1")
    assert done.code == 0, done.err
    assert "in the repository already" in done.out
    assert f"IMAGE_DIGEST={DIGEST}\n" in done.out
    assert done.release == {"commitID": "01234567", "imageUri": f"{repository}:01234567"}
    assert not [call for call in done.calls if call.startswith(("docker build ", "docker push"))]


def test_another_registry_needs_no_log_in_and_gets_the_options(bench: Bench) -> None:
    done = bench.run(
        "--engine",
        "podman",
        REPOSITORY_URI="localhost:5000/model",
        COMMIT_ID=COMMIT,
        PUSH_OPTIONS="--tls-verify=false --quiet",
    )
    assert done.code == 0, done.err
    assert not [call for call in done.calls if call.startswith(("aws", "podman login"))]
    assert "push --tls-verify=false --quiet " in done.call("podman push")
    assert f"IMAGE_DIGEST={DIGEST}\n" in done.out


def test_locally_it_only_builds(bench: Bench) -> None:
    done = bench.run("--local", "--commit-id", COMMIT, "--base-image", "my/base:1")
    assert done.code == 0, done.err
    assert done.release == {"commitID": "01234567", "imageUri": "localhost/model:01234567"}
    assert "BASE_IMAGE=my/base:1" in done.call("docker build ")
    assert not [call for call in done.calls if "push" in call or "pull" in call]


def test_the_ca_bundle_becomes_a_build_secret(bench: Bench) -> None:
    bundle = bench.folder / "ca.crt"
    bundle.write_text("certificates")
    done = bench.run("--local", "--ca-bundle", str(bundle), COMMIT_ID=COMMIT)
    assert f"--secret id=ca_bundle,src={bundle}" in done.call("docker build ")


def test_without_buildkit_the_dockerfile_asks_for_no_secret(bench: Bench) -> None:
    done = bench.run("--local", COMMIT_ID=COMMIT, NO_BUILDX="1")
    assert done.code == 0, done.err
    assert "--secret" not in done.call("docker build ")
    refused = bench.run("--local", COMMIT_ID=COMMIT, NO_BUILDX="1", CA_BUNDLE=__file__)
    assert refused.code == 1
    assert "buildx" in refused.err


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        ([], {"REPOSITORY_URI": ECR, "COMMIT_ID": "abc"}, "COMMIT_ID is 'abc'"),
        ([], {"COMMIT_ID": COMMIT}, "REPOSITORY_URI is not set"),
        (["--nope", "x"], {}, "--nope"),
        (["--commit-id"], {}, "--commit-id has no value"),
        (["--local", "--ca-bundle", "/no/such"], {"COMMIT_ID": COMMIT}, "/no/such"),
        (["--local"], {"COMMIT_ID": COMMIT, "BUILD_FAILS": "1"}, "was not built"),
        (["--local"], {"COMMIT_ID": COMMIT, "CONTAINER_ENGINE": "nothing"}, "does not answer"),
        (
            [],
            {"REPOSITORY_URI": ECR, "COMMIT_ID": COMMIT, "ECR_ERROR": "AccessDenied"},
            "AccessDenied",
        ),
    ],
)
def test_a_failure_says_what_why_and_what_to_do(
    bench: Bench, arguments: list[str], environment: dict[str, str], said: str
) -> None:
    done = bench.run(*arguments, **environment)
    assert done.code == 1
    assert done.release is None
    assert said in done.err
    assert "Why: " in done.err
    assert "Do: " in done.err


def test_the_help_names_every_option(bench: Bench) -> None:
    done = bench.run("--help")
    assert done.code == 0
    for option in ("--repository-uri", "--commit-id", "--local", "--output", "--cache-from"):
        assert option in done.out
