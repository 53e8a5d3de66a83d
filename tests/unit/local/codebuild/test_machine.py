"""What of this machine a build sees."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import time
from pathlib import Path

import pytest

from local.codebuild.machine import Machine

IMAGE = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/iris"
ENGINE = """#!/bin/sh
[ "$1" = --version ] && { echo "$KIND version 4"; exit; }
echo "$0 $*"
echo "$HOME $DOCKER_CONFIG $REGISTRY_AUTH_FILE" >&2
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "person"
    (folder / ".docker" / "cli-plugins").mkdir(parents=True)
    (folder / ".npmrc").touch()
    return folder


@pytest.fixture
def machine(tmp_path: Path, home: Path) -> Machine:
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "podman").write_text(ENGINE)
    (programs / "podman").chmod(0o755)
    return Machine(
        variables={
            "PATH": f"{Path(sys.executable).parent}:{programs}:/usr/bin:/bin",
            "HOME": str(home),
            "PIP_CERT": "/own.pem",
            "https_proxy": "http://proxy",
            "NPM_CONFIG_PREFIX": "/a/person's",
            "AWS_PROFILE": "a person's",
            "VIRTUAL_ENV": "/venv",
        },
        builds=tmp_path / "builds",
        engine="podman",
        base_image="localhost/base:1",
        registry="localhost:4566",
        endpoint_url="https://127.0.0.1:4566",
        region="eu-central-1",
        bundle=tmp_path / "bundle.pem",
    )


def test_a_build_has_a_home_and_programs_of_its_own(
    machine: Machine, tmp_path: Path, home: Path
) -> None:
    given = machine.prepare(tmp_path / "b", privileged=False)

    own = tmp_path / "b" / "home"
    assert given["HOME"] == str(own)
    assert given["PATH"].split(":")[:2] == [
        str(own / ".npm-global" / "bin"),
        str(tmp_path / "b" / "bin"),
    ]
    assert str(Path(sys.executable).parent) not in given["PATH"].split(":")
    assert given["NPM_CONFIG_PREFIX"] == str(own / ".npm-global")
    assert given["NPM_CONFIG_USERCONFIG"] == str(home / ".npmrc")
    assert given["PIP_CACHE_DIR"] == str(home / ".cache" / "pip")
    assert given["https_proxy"] == "http://proxy"
    assert given["PIP_CERT"] == str(tmp_path / "bundle.pem")
    assert not {"AWS_PROFILE", "VIRTUAL_ENV", "BASE_IMAGE"} & set(given)


def test_python_is_not_the_clouds_environment(machine: Machine, tmp_path: Path) -> None:
    given = machine.prepare(tmp_path / "b", privileged=False)

    answer = subprocess.run(
        ["/bin/sh", "-c", "python3 -c 'import sys; print(sys.prefix == sys.base_prefix)'"],
        env=given,
        capture_output=True,
        text=True,
        check=True,
    )

    assert answer.stdout == "True\n"


def test_an_image_build_gets_what_this_machine_needs(machine: Machine, tmp_path: Path) -> None:
    given = machine.prepare(tmp_path / "b", privileged=True)

    assert given["BASE_IMAGE"] == "localhost/base:1"
    assert given["CA_BUNDLE"] == "/own.pem"
    assert given["PLATFORM"].startswith("linux/")


@pytest.mark.parametrize(
    ("kind", "arguments", "printed"),
    [
        ("podman", ["push", f"{IMAGE}:1"], f"push --tls-verify=false localhost:4566/{IMAGE}:1"),
        ("docker", ["push", f"{IMAGE}:1"], f"push localhost:4566/{IMAGE}:1"),
        ("podman", ["build", "-t", f"{IMAGE}:1", "."], f"build -t localhost:4566/{IMAGE}:1 ."),
        ("podman", ["image", "inspect", f"{IMAGE}:1"], f"image inspect {IMAGE}:1"),
        ("docker", ["login", IMAGE.partition("/")[0]], "login localhost:4566"),
        ("podman", ["info"], "info"),
    ],
)
def test_docker_reaches_the_local_registry_by_the_names_of_ecr(
    machine: Machine, tmp_path: Path, home: Path, kind: str, arguments: list[str], printed: str
) -> None:
    given = machine.prepare(tmp_path / "b", privileged=True)

    answer = subprocess.run(
        [str(tmp_path / "b" / "bin" / "docker"), *arguments],
        env={**given, "KIND": kind},
        capture_output=True,
        text=True,
        check=True,
    )

    assert answer.stdout == f"{tmp_path / 'programs' / 'podman'} {printed}\n"
    config = tmp_path / "b" / "home" / ".docker"
    assert answer.stderr == f"{home} {config} {config / 'config.json'}\n"
    assert (config / "cli-plugins").is_symlink()


def test_without_privilege_there_is_no_engine(machine: Machine, tmp_path: Path) -> None:
    given = machine.prepare(tmp_path / "b", privileged=False)

    answer = subprocess.run(
        ["/bin/sh", "-c", "docker info || podman info"],
        env=given,
        capture_output=True,
        text=True,
        check=False,
    )

    assert answer.returncode == 127
    assert "Cannot connect to the Docker daemon" in answer.stderr


def test_what_a_build_has_is_nobody_elses(machine: Machine) -> None:
    machine.prepare(machine.builds / "b", privileged=False)

    assert machine.builds.stat().st_mode & 0o077 == 0


def test_an_engine_that_hangs_keeps_nobody(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local.codebuild.machine._ENGINE_SECONDS", 0.2)
    engine = tmp_path / "engine"
    engine.write_text("#!/bin/sh\nexec sleep 600\n")
    engine.chmod(0o755)
    begun = time.monotonic()

    dataclasses.replace(machine, engine=str(engine)).forget_images()

    assert time.monotonic() - begun < 60


def test_images_of_builds_are_forgotten_with_the_cloud(machine: Machine, tmp_path: Path) -> None:
    engine = tmp_path / "engine"
    engine.write_text(
        "#!/bin/sh\n"
        '[ "$1" = images ] && { echo localhost:4566/iris:1; echo localhost:45/iris:1; exit; }\n'
        f'echo "$*" >> {tmp_path}/done\n'
    )
    engine.chmod(0o755)

    dataclasses.replace(machine, engine=str(engine)).forget_images()

    assert (tmp_path / "done").read_text() == "rmi --no-prune localhost:4566/iris:1\n"
