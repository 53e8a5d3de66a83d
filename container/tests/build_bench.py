"""A bench for build-and-push.sh: stand-ins for engine, AWS CLI and curl that note their calls."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from support import CONTAINER

COMMIT = "0123456789abcdef0123456789abcdef01234567"
ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/model"
DIGEST = "sha256:" + "d" * 64
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"

# What is pushed is in the registry from then on; HAS_TAG: from the start.
ENGINE = """#!/usr/bin/env bash
echo "$(basename "$0") $*" >>"$CALLS"
case "$*" in
    --version) echo "${VERSION:-$(basename "$0") version 28}" ;;
    pull*) [[ -e pushed || -n ${HAS_TAG:-} ]] && [[ $* != *@sha256:local* ]] ;;
    *"{{json .}}"*)
        echo "{\\"Architecture\\": \\"${ARCHITECTURE:-amd64}\\"," \
            "\\"Descriptor\\": {\\"mediaType\\": \\"${BUILT:-$DOCKER_MANIFEST}\\"}}" ;;
    *RepoDigests*)
        for name in other/model@sha256:0 localhost:5000/model@sha256:local; do echo $name; done
        echo "localhost:5000/model@$DIGEST" ;;
    *ManifestType*) echo "${MEDIA_TYPE:-$DOCKER_MANIFEST}" ;;
    *image.revision*) [[ $1 != image ]] || echo "${REVISION-$COMMIT}" ;;
    "manifest inspect"*)
        printf '{\\n\\t"mediaType": "%s",\\n' "${MEDIA_TYPE:-$DOCKER_MANIFEST}"
        printf '\\t"config": {"mediaType": "application/vnd.docker.container.image.v1+json"}}' ;;
    push*) [[ -z ${PUSH_FAILS:-} ]] && touch pushed ;;
    "image inspect $REPOSITORY_URI:"*) [[ -z ${VANISHES:-} ]] ;;
    buildx*) [[ -z ${NO_BUILDX:-} ]] ;;
    login*) cat >/dev/null ;;
esac && [[ $1 != build || -z ${BUILD_FAILS:-} ]]
"""
AWS = """#!/usr/bin/env bash
echo "aws $*" >>"$CALLS"
case "$*" in
    *get-login-password*) echo secret ;;
    *imagePushedAt*)  # two pages, each with what is on it
        printf '2026-03-01T10:00:00+00:00\\tolder\\n2026-05-01T10:00:00+00:00\\tnewest\\n'
        printf '2026-04-01T10:00:00+00:00\\tlast\\n' ;;
    *describe-images*)
        if [[ -e pushed || -n ${HAS_TAG:-} ]]; then
            printf '%s\\t%s\\n' "$DIGEST" "${MEDIA_TYPE:-$DOCKER_MANIFEST}"
        else
            echo "An error occurred (${ECR_ERROR:-ImageNotFoundException})" >&2; exit 254
        fi ;;
    *batch-get-image*)
        printf '{"config": {\\n "size": 7,\\n "digest": "sha256:%064d"\\n}, "layers": []}\\n' 1 ;;
    *get-download-url-for-layer*sha256:00*01*) echo "https://bucket.invalid/configuration" ;;
esac
"""
CURL = """#!/usr/bin/env bash
[[ $* == *https://bucket.invalid/configuration* && -z ${NO_DOWNLOAD:-} ]] || exit 6
echo '{"config":{"Labels":{"org.opencontainers.image.revision":"'"${REVISION-$COMMIT}"'","a":"b"}}}'
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


PROGRAMS = {"docker": ENGINE, "podman": ENGINE, "aws": AWS, "curl": CURL}


class Bench:
    """Runs the script in ``folder`` with only the stand-ins and the basic tools on PATH."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = folder / "bin"
        self.bin.mkdir()
        for name, text in PROGRAMS.items():
            (self.bin / name).write_text(text)
            (self.bin / name).chmod(0o755)

    def run(self, *arguments: str, **environment: str) -> Outcome:
        calls = self.folder / "calls"
        calls.write_text("")
        (self.folder / "pushed").unlink(missing_ok=True)
        release = self.folder / "out" / "release-input.json"
        finished = subprocess.run(
            [str(CONTAINER / "build-and-push.sh"), *arguments],
            cwd=self.folder,
            env={
                "PATH": f"{self.bin}:{os.defpath}",
                "CALLS": str(calls),
                "DIGEST": DIGEST,
                "DOCKER_MANIFEST": DOCKER_MANIFEST,
                "COMMIT": COMMIT,
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
