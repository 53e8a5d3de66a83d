"""Which container engine, if any, runs the model, and on which base image it is built."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from local.sagemaker.runners.engine import detect_engine
from local.terminal import LocalError, say, step

_CONTAINER = Path(__file__).resolve().parent.parent / "container"
_STAND_IN = "localhost/model-release-base:bookworm-slim"
_PULL_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class Engine:
    """A container engine's command line and the base image that it has."""

    program: str
    base_image: str


def choose_engine(wish: str, *, cache: Path) -> Engine | None:
    """The engine to use, or None to run the model as processes.

    Args:
        wish: `auto` (whatever answers), `none`, `docker` or `podman`.
        cache: folder for a base image that has to be made here.

    Raises:
        LocalError: the engine that was asked for does not answer, or has no base image.
    """
    if wish not in ("auto", "none", "docker", "podman"):
        raise LocalError(
            what=f"ENGINE={wish} is not known",
            why="the model runs in a container engine or as processes",
            next_step="use ENGINE=auto, none, docker or podman",
        )
    if wish == "none":
        return None
    program = detect_engine() if wish == "auto" else wish
    if program is None:
        say("   No container engine answers: the model runs as processes.")
        return None
    base_image = _base_image(program, cache)
    if base_image is None and wish == "auto":
        say(f"   {program} has no base image and none can be pulled: processes instead.")
        return None
    if base_image is None:
        raise LocalError(
            what=f"{program} cannot get the base image {default_base_image()}",
            why="it is not on this machine and cannot be pulled",
            next_step="name one that is here in BASE_IMAGE, or install debootstrap to make one, "
            "or use ENGINE=none",
        )
    return Engine(program=program, base_image=base_image)


def default_base_image() -> str:
    """The base image that the Dockerfile names."""
    dockerfile = (_CONTAINER / "Dockerfile").read_text(encoding="utf-8")
    match = re.search(r"^ARG BASE_IMAGE=(\S+)$", dockerfile, re.MULTILINE)
    if match is None:
        raise LocalError(
            what="container/Dockerfile names no base image",
            why="it has no line `ARG BASE_IMAGE=<image>`",
            next_step="put the line back at its top",
        )
    return match.group(1)


def _base_image(program: str, cache: Path) -> str | None:
    wanted = os.environ.get("BASE_IMAGE") or default_base_image()
    for image in dict.fromkeys((wanted, _STAND_IN)):
        if _quiet(program, "image", "inspect", image):
            return image
    with step(f"Pulling the base image {wanted}"):
        if _quiet(program, "pull", wanted):
            return wanted
    say("   It cannot be pulled.")
    if shutil.which("debootstrap") is None or os.geteuid() != 0:
        return None
    with step("Making a stand-in from Debian's packages"):
        made = subprocess.run(
            ["bash", str(_CONTAINER / "stand-in-base-image.sh"), _STAND_IN, str(cache)],
            env={**os.environ, "CONTAINER_ENGINE": program},
            check=False,
        )
    return _STAND_IN if made.returncode == 0 else None


def _quiet(*command: str) -> bool:
    try:
        result = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PULL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return result.returncode == 0
