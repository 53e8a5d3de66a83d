"""Commands of a build run one after the other and hand on folder and variables."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from local.codebuild.errors import PhaseError
from local.codebuild.shell import Shell, end_everything_of


class Run:
    """A shell with a log that can be read."""

    def __init__(self, folder: Path, *, program: str = "/bin/sh", seconds: float = 60) -> None:
        self.log = folder / "build.log"
        self.stop = threading.Event()
        (folder / "src").mkdir()
        self.shell = Shell(
            program=program,
            environment={"PATH": os.environ["PATH"], "GREETING": "it's"},
            scratch=folder / "shell",
            log=self.log,
            deadline=time.monotonic() + seconds,
            cancelled=self.stop.is_set,
        )
        self.shell.enter(folder / "src")

    def printed(self) -> str:
        return self.log.read_text()


@pytest.mark.parametrize("program", ["/bin/sh", "bash"])
def test_folder_and_variables_carry_over(tmp_path: Path, program: str) -> None:
    run = Run(tmp_path, program=program)

    run.shell.run("mkdir sub && cd sub && export A='x y\"z' B=$GREETING")
    run.shell.run('C=1\necho "$A $B $(basename "$PWD")"')
    run.shell.run('echo "C=$C"')

    assert run.printed() == "x y\"z it's sub\nC=1\n"
    assert run.shell.variables()["A"] == 'x y"z'


def test_a_failing_command_tells_its_status_and_last_lines(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.shell.run("echo before")

    with pytest.raises(PhaseError) as caught:
        run.shell.run("echo reason; exit 7")

    assert caught.value.code == "COMMAND_EXECUTION_ERROR"
    assert caught.value.message == (
        "Error while executing command: echo reason; exit 7. Reason: exit status 7\n"
        "Its last lines:\nreason"
    )


def test_a_variable_of_the_moment_wins_over_an_exported_one(tmp_path: Path) -> None:
    run = Run(tmp_path)

    run.shell.run("true", also={"CODEBUILD_BUILD_SUCCEEDING": "1"})
    run.shell.run("echo $CODEBUILD_BUILD_SUCCEEDING", also={"CODEBUILD_BUILD_SUCCEEDING": "0"})

    assert run.printed() == "0\n"


def test_a_build_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    run = Run(tmp_path, seconds=0.5)

    with pytest.raises(PhaseError) as caught:
        run.shell.run("echo $$ > pid; sleep 600")

    assert caught.value.status == "TIMED_OUT"
    assert not alive(tmp_path / "src" / "pid")


def test_a_stopped_build_ends_with_what_it_has_started(tmp_path: Path) -> None:
    run = Run(tmp_path)
    pid = tmp_path / "src" / "pid"

    def stop_when_started() -> None:
        wait_for(pid)
        run.stop.set()

    threading.Thread(target=stop_when_started).start()

    with pytest.raises(PhaseError) as caught:
        run.shell.run("sleep 600 & echo $! > pid.new; mv pid.new pid; wait")

    assert caught.value.status == "STOPPED"
    assert not alive(pid)


def test_what_leaves_the_process_group_ends_with_the_build(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.shell.run("export CODEBUILD_BUILD_ID=p:of-this-test")
    # The command may not end before it has left: its group is killed then.
    run.shell.run(
        "setsid sh -c 'echo $$ > pid.new; mv pid.new pid; exec sleep 600' &\n"
        "until [ -e pid ]; do sleep 0.02; done"
    )

    end_everything_of("p:of-this-test")

    assert not alive(tmp_path / "src" / "pid")


def wait_for(file: Path) -> None:
    deadline = time.monotonic() + 20
    while not file.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def alive(file: Path) -> bool:
    """Whether the process is still there a little later; the kernel takes a moment."""
    process = Path("/proc") / file.read_text().strip() / "status"
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            if "zombie" in process.read_text():
                return False
        except OSError:
            return False
        time.sleep(0.02)
    return True
