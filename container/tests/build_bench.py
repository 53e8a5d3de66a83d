"""A bench for build-and-push.sh, with stand-ins for the container engine and the AWS CLI."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from build_stand_ins import AWS, ENGINE
from content_tag import content_tag
from support import CONTAINER

COMMIT = "0123456789abcdef0123456789abcdef01234567"
TAG = COMMIT[:8]
ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/model"
DIGEST, OTHER_DIGEST = "sha256:" + "d" * 64, "sha256:" + "e" * 64
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_BASE = next(
    line.removeprefix("ARG BASE_IMAGE=")
    for line in (CONTAINER / "Dockerfile").read_text(encoding="utf-8").splitlines()
    if line.startswith("ARG BASE_IMAGE=")
)
CONTENT = content_tag(CONTAINER, base_image=_BASE, platform="linux/amd64")


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str
    calls: list[str]
    release: object
    tags: Mapping[str, str]

    def call(self, start: str) -> str:
        [call] = [call for call in self.calls if call.startswith(start)]
        return call

    def has_called(self, start: str) -> bool:
        return any(call.startswith(start) for call in self.calls)


class Bench:
    """Runs the script in ``folder`` with only the stand-ins and the basic tools on PATH."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._tags: dict[str, str] = {}
        self.bin = folder / "bin"
        self.bin.mkdir()
        for name, text in {"docker": ENGINE, "podman": ENGINE, "aws": AWS}.items():
            self._program(name, f"#!{sys.executable} -IS\n{text}")
        self._program("python3", f'#!/bin/sh\nexec "{sys.executable}" -S "$@"\n')

    def _program(self, name: str, text: str) -> None:
        (self.bin / name).write_text(text, encoding="utf-8")
        (self.bin / name).chmod(0o755)

    def push(self, tags: Mapping[str, str] | None = None, /, **environment: str) -> Outcome:
        """Runs it as the pipeline does, where the repository has these tags."""
        self._tags = dict(tags or {})
        return self.run(**{"REPOSITORY_URI": ECR, "COMMIT_ID": COMMIT, **environment})

    def run(self, *arguments: str, **environment: str) -> Outcome:
        calls, registry = self.folder / "calls", self.folder / "registry"
        calls.write_text("")
        registry.write_text(json.dumps(self._tags))
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
            tags=json.loads(registry.read_text()),
        )
