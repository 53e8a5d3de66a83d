"""Which engine is taken, with stand-ins for the programs on PATH."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from local.engine import Engine, choose_engine, default_base_image
from local.terminal import LocalError

# Answers `info` and has the images named in the file beside it; nothing can be pulled.
_PROGRAM = """#!/bin/sh
case "$1" in
    info) echo 1.0 ;;
    image) grep -qx "$3" "$0.images" ;;
    *) exit 1 ;;
esac
"""


class Programs:
    """A PATH with nothing on it but what a test puts there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, name: str, *images: str) -> None:
        """Put an engine there that has these images."""
        (self.folder / name).write_text(_PROGRAM, encoding="utf-8")
        (self.folder / name).chmod(0o755)
        lines = "".join(f"{image}\n" for image in images)
        (self.folder / f"{name}.images").write_text(lines, encoding="utf-8")


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    """An empty PATH but for the tools that the stand-ins use."""
    for tool in ("sh", "grep"):
        found = next(Path(folder) / tool for folder in os.defpath.split(":") if folder)
        (tmp_path / tool).symlink_to(found)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("BASE_IMAGE", raising=False)
    return Programs(tmp_path)


def test_without_an_engine_the_model_runs_as_processes(programs: Programs) -> None:
    assert choose_engine("auto", cache=programs.folder) is None


def test_none_does_not_even_look(programs: Programs) -> None:
    programs.add("docker", default_base_image())
    assert choose_engine("none", cache=programs.folder) is None


def test_an_engine_with_the_dockerfiles_base_image_is_taken(programs: Programs) -> None:
    programs.add("podman", default_base_image())
    chosen = choose_engine("auto", cache=programs.folder)
    assert chosen == Engine(program="podman", base_image=default_base_image())


def test_docker_comes_before_podman_and_a_wish_before_both(programs: Programs) -> None:
    for name in ("docker", "podman"):
        programs.add(name, default_base_image())
    automatic = choose_engine("auto", cache=programs.folder)
    assert automatic is not None
    assert automatic.program == "docker"
    wished = choose_engine("podman", cache=programs.folder)
    assert wished is not None
    assert wished.program == "podman"


def test_a_named_base_image_wins(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    programs.add("docker", default_base_image(), "my/base:1")
    monkeypatch.setenv("BASE_IMAGE", "my/base:1")
    chosen = choose_engine("auto", cache=programs.folder)
    assert chosen == Engine(program="docker", base_image="my/base:1")


def test_an_engine_without_a_base_image_is_left_out_or_complained_about(
    programs: Programs,
) -> None:
    programs.add("docker")
    assert choose_engine("auto", cache=programs.folder) is None
    with pytest.raises(LocalError, match=r"(?s)cannot get the base image.*BASE_IMAGE.*ENGINE=none"):
        choose_engine("docker", cache=programs.folder)


def test_an_unknown_wish_is_told_what_there_is(programs: Programs) -> None:
    with pytest.raises(LocalError, match=r"(?s)ENGINE=rocket is not known.*docker or podman"):
        choose_engine("rocket", cache=programs.folder)


def test_the_dockerfile_names_a_base_image_with_a_tag() -> None:
    assert ":" in default_base_image().rpartition("/")[2]
