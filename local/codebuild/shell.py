"""Runs a build's commands one after the other, as the build container does.

Every command is a script of its own that takes over folder and variables from the one before.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from local.codebuild.errors import PhaseError
from local.sagemaker.runners import supervisor

_GRACE_SECONDS = 5.0
_LAST_LINES = 20
_LAST_BYTES = 16_384
_SCRIPT = """\
cd "$(cat '{folder}')" || exit 1
. '{variables}'
set -a
{command}
CODEBUILD_LAST_EXIT=$?
export -p > '{variables}'
pwd > '{folder}'
exit $CODEBUILD_LAST_EXIT
"""
_READ = "import json, os, sys; json.dump(dict(os.environ), sys.stdout)"


@dataclass(kw_only=True)
class Shell:
    """The shell of one build.

    Attributes:
        program: /bin/sh or bash.
        environment: of the first command; later ones see what their forerunners exported.
        scratch: a folder of its own for scripts and state.
        log: gets what the commands print.
        deadline: `time.monotonic()` at which the build has run out of time.
        cancelled: whether the build was told to stop.
    """

    program: str
    environment: Mapping[str, str]
    scratch: Path
    log: Path
    deadline: float
    cancelled: Callable[[], bool]

    def __post_init__(self) -> None:
        self.scratch.mkdir(parents=True, exist_ok=True)
        self._variables = self.scratch / "env.sh"
        self._folder = self.scratch / "dir.txt"
        self._variables.touch()

    def enter(self, folder: Path) -> None:
        """Let the next command start in a folder."""
        self._folder.write_text(f"{folder}\n", encoding="utf-8")

    def run(self, command: str, *, also: Mapping[str, str] | None = None) -> None:
        """Run one command to its end.

        Args:
            also: variables that have this value for this command, whatever was exported.

        Raises:
            PhaseError: it failed, was stopped, or the build's time is over.
        """
        script = self.scratch / "script.sh"
        exports = "".join(f"export {name}='{value}'\n" for name, value in (also or {}).items())
        text = _SCRIPT.format(
            folder=self._folder, variables=self._variables, command=exports + command
        )
        script.write_text(text, encoding="utf-8")
        start = self.log.stat().st_size if self.log.exists() else 0
        status = self._run([self.program, str(script)])
        if status:
            message = f"Error while executing command: {command}. Reason: exit status {status}"
            last = self._last_lines(start)
            if last:
                message += f"\nIts last lines:\n{last}"
            raise PhaseError("COMMAND_EXECUTION_ERROR", message)

    def variables(self) -> dict[str, str]:
        """What the last command left in its environment."""
        answer = subprocess.run(
            [self.program, "-c", f". '{self._variables}'\nexec '{sys.executable}' -I -c '{_READ}'"],
            env=dict(self.environment),
            capture_output=True,
            check=True,
        )
        found: dict[str, str] = json.loads(answer.stdout)
        return found

    def _run(self, command: list[str]) -> int:
        # The supervisor ends the command when this pipe closes: with the cloud, however it ends.
        read_end, write_end = os.pipe()
        with self.log.open("ab") as output, os.fdopen(write_end, "wb") as lifeline:
            process = subprocess.Popen(
                [sys.executable, "-I", supervisor.__file__, "[]", *command],
                env=dict(self.environment),
                stdin=read_end,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            os.close(read_end)
            try:
                return self._wait(process)
            finally:
                if process.poll() is None:
                    process.terminate()
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        process.wait(_GRACE_SECONDS)
                    lifeline.close()
                    process.wait()

    def _wait(self, process: subprocess.Popen[bytes]) -> int:
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return process.wait(0.1)
            if self.cancelled():
                raise PhaseError("STOPPED", "The build was stopped.", status="STOPPED")
            if time.monotonic() > self.deadline:
                raise PhaseError("BUILD_TIMED_OUT", "Build has timed out.", status="TIMED_OUT")

    def _last_lines(self, start: int) -> str:
        with self.log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(start, size - _LAST_BYTES))
            text = file.read().decode(errors="replace")
        return "\n".join(text.strip().splitlines()[-_LAST_LINES:])


def end_everything_of(build_id: str) -> None:
    """Kill what a build has left behind, wherever it went: a container ends with all of it.

    Only Linux tells the environment of processes.
    """
    mark = f"CODEBUILD_BUILD_ID={build_id}".encode()
    for entry in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if mark in entry.read_bytes().split(b"\0"):
                os.kill(int(entry.parent.name), signal.SIGKILL)
