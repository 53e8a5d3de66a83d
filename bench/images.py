"""The two images that are measured: built by the same engine, on the same base."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from local.engine import Engine, choose_engine

ROOT = Path(__file__).resolve().parent.parent
_OURS = "localhost/bench-model"
_BASELINE = "localhost/bench-baseline:latest"


class CannotMeasureError(Exception):
    """Something cannot be measured on this machine; the message says what it needs."""


@dataclass(frozen=True, kw_only=True)
class Images:
    """The engine's program and the images' names."""

    program: str
    ours: str
    baseline: str


@functools.cache
def engine() -> Engine:
    """The container engine, with a base image.

    Raises:
        CannotMeasureError: none answers, or it has no base image.
    """
    found = choose_engine(os.environ.get("ENGINE", "auto"), cache=ROOT / ".local" / "cache")
    if found is None:
        raise CannotMeasureError(
            "no container engine answers with a base image; install Docker or Podman "
            "(Debian: apt-get install podman runc debootstrap; .ci/run has Podman's settings for "
            "a small container)"
        )
    return found


@functools.cache
def our_image() -> str:
    """The name of the model image of the checked-out commit, built now and tried.

    Raises:
        CannotMeasureError: no engine answers.
        RuntimeError: it was not built.
    """
    environment = _environment()
    print(f"building {_OURS}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "release-input.json"
        script = ROOT / "container" / "build-and-push.sh"
        _build(["bash", str(script), "--local", "--output", str(output)], environment)
        name: str = json.loads(output.read_text(encoding="utf-8"))["imageUri"]
    program = engine().program
    for other in _said(program, "images", "--format", "{{.Repository}}:{{.Tag}}", _OURS).split():
        if other != name:  # of an earlier commit
            subprocess.run([program, "rmi", other], capture_output=True, check=False)
    return name


@functools.cache
def images() -> Images:
    """Both images, built now, as far as the engine has not their layers already.

    Raises:
        CannotMeasureError: no engine answers.
        RuntimeError: an image was not built.
    """
    environment, ours = _environment(), our_image()
    print(f"building {_BASELINE}", flush=True)
    script = ROOT / "bench" / "baseline" / "build.sh"
    _build(["bash", str(script), _BASELINE], environment)
    return Images(program=engine().program, ours=ours, baseline=_BASELINE)


def _environment() -> dict[str, str]:
    chosen = engine()
    return {
        **os.environ,
        "CONTAINER_ENGINE": chosen.program,
        "BASE_IMAGE": chosen.base_image,
        # A proxy that re-signs TLS has its certificate where pip and OpenSSL are told.
        "CA_BUNDLE": os.environ.get("PIP_CERT") or os.environ.get("SSL_CERT_FILE") or "",
        "COMMIT_ID": _said("git", "-C", str(ROOT), "rev-parse", "HEAD"),
        "REPOSITORY_URI": _OURS,
    }


def image_bytes(image: str) -> int:
    """The size of an image as the engine tells it: all layers, base included, unpacked."""
    program = engine().program
    return int(_said(program, "image", "inspect", "--format", "{{.Size}}", image))


def _build(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout[-3000:]}")


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
