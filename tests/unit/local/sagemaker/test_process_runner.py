"""Processes, their environments, and that nothing outlives the cloud."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from local.sagemaker.errors import ImageError
from local.sagemaker.runners import supervisor
from local.sagemaker.runners.base import Run
from local.sagemaker.runners.process import ProcessRunner
from local.sagemaker.source_images import publish_source_image
from tests.unit.local.sagemaker.fakes import IMAGE, FakeEcr, FakeS3, FakeSession

FAMILY = """\
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(os.getpid(), child.pid, flush=True)
time.sleep(600)
"""


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def family(log: Path) -> list[int]:
    until(lambda: len(log.read_text().split()) == 2)
    return [int(pid) for pid in log.read_text().split()]


@pytest.fixture
def start(
    ecr: FakeEcr, source_folder: Path, tmp_path: Path
) -> Callable[[str], tuple[ProcessRunner, Any, Path]]:
    def run(program: str) -> tuple[ProcessRunner, Any, Path]:
        (source_folder / "train").write_text(program)
        publish_source_image(
            cast(Any, ecr), repository_name="models", tag="abc", folder=source_folder
        )
        runner, log = ProcessRunner(tmp_path), tmp_path / "run.log"
        (tmp_path / "ml").mkdir()
        container = runner.start(
            Run(
                image=IMAGE,
                command="train",
                ml_root=tmp_path / "ml",
                environment={},
                log=log,
                session=cast(Any, FakeSession(FakeS3(), ecr)),
                name="t",
                isolated=True,
            )
        )
        return runner, container, log

    return run


def test_stop_ends_grandchildren_too(start: Callable[[str], Any]) -> None:
    _, container, log = start(FAMILY)
    pids = family(log)
    container.stop(1)
    container.stop(1)  # safe to repeat
    until(lambda: not any(map(running, pids)))


def test_shutdown_ends_whatever_runs(start: Callable[[str], Any]) -> None:
    runner, container, log = start(FAMILY)
    pids = family(log)
    runner.shutdown()
    assert container.wait(0) is not None
    until(lambda: not any(map(running, pids)))


def test_exit_codes_are_passed_on(start: Callable[[str], Any]) -> None:
    _, container, _ = start("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert container.wait(10) == 128 + signal.SIGKILL


def test_a_killed_cloud_leaves_nothing(tmp_path: Path) -> None:
    # Given a cloud that runs a family of processes under its supervisor
    log = tmp_path / "log"
    program = tmp_path / "program.py"
    program.write_text(FAMILY)
    cleaned = tmp_path / "cleaned"
    cleanup = f'["{sys.executable}", "-c", "open({str(cleaned)!r}, \'w\')"]'
    cloud = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import subprocess, sys, time\n"
            "subprocess.Popen(sys.argv[2:], stdin=subprocess.PIPE, stdout=open(sys.argv[1], 'w'))\n"
            "time.sleep(600)",
            *[str(log), sys.executable, "-I", supervisor.__file__, cleanup],
            *[sys.executable, str(program)],
        ]
    )
    until(log.exists)
    pids = family(log)
    # When the cloud is killed
    cloud.kill()
    cloud.wait()
    # Then the family is gone, and the clean-up has run
    until(lambda: not any(map(running, pids)))
    assert cleaned.exists()


def test_an_environment_is_made_once_for_all(
    ecr: FakeEcr, source_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given four jobs that need the same environment at once
    publish_source_image(cast(Any, ecr), repository_name="models", tag="abc", folder=source_folder)
    made: list[list[str]] = []
    real = subprocess.run

    def count(command: list[str], **options: Any) -> Any:  # noqa: ANN401
        made.append(command)
        return real(command, **options)

    monkeypatch.setattr(subprocess, "run", count)
    runner, session = ProcessRunner(tmp_path), cast(Any, FakeSession(FakeS3(), ecr))
    threads = [
        threading.Thread(target=runner.prepare, args=(IMAGE, session, tmp_path / "log"))
        for _ in range(4)
    ]
    # When they prepare
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # Then it is made once; and a half-made one is made anew
    assert len(made) == 1
    marker = next((tmp_path / "environments").glob("*/.complete"))
    marker.unlink()
    runner.prepare(IMAGE, session, tmp_path / "log")
    assert len(made) == 2
    assert marker.exists()


def test_requirements_that_cannot_be_installed_are_told(
    ecr: FakeEcr, source_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    (source_folder / "requirements.txt").write_text("no-such-package-here==1\n")
    publish_source_image(cast(Any, ecr), repository_name="models", tag="abc", folder=source_folder)
    session = cast(Any, FakeSession(FakeS3(), ecr))
    with pytest.raises(ImageError, match=r"no-such-package-here.*Correct container/requirements"):
        ProcessRunner(tmp_path).prepare(IMAGE, session, tmp_path / "log")
    assert "no-such-package-here" in (tmp_path / "log").read_text()
    assert not list((tmp_path / "environments").glob("*/.complete"))


def test_the_supervisor_passes_sigterm_to_its_program_alone(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\n"
        "print('ready', flush=True)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-I", supervisor.__file__, "[]", sys.executable, str(program)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(10) == 7
