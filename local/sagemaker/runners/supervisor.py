"""Runs one program and ends its whole process group when the cloud that started it is gone.

Started as `python -I supervisor.py CLEANUP PROGRAM ARGUMENT…` with a pipe as standard input. The
pipe closes when the cloud ends in whatever way, also by SIGKILL, and then nothing may be left.
CLEANUP is a command as a JSON list that is run in that case, `[]` for none: a container outlives
the client that started it. SIGTERM is passed on to the program alone, as a container engine passes
it to process 1.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from types import FrameType


def main(cleanup: list[str], command: list[str]) -> int:
    """Run the command; return its exit code, or 128 + the number of the signal that ended it."""
    started: list[subprocess.Popen[bytes]] = []
    early: list[int] = []

    def pass_on(number: int, _frame: FrameType | None) -> None:
        if not started:
            early.append(number)
        for program in started:
            with contextlib.suppress(ProcessLookupError):
                os.kill(program.pid, number)

    def kill_group() -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(started[0].pid, signal.SIGKILL)

    def watch_parent() -> None:
        while os.read(0, 1):
            pass
        if cleanup:
            subprocess.run(cleanup, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        kill_group()

    signal.signal(signal.SIGTERM, pass_on)
    started.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True))
    for number in early:
        pass_on(number, None)
    threading.Thread(target=watch_parent, daemon=True).start()
    code = started[0].wait()
    kill_group()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    exit_code = main(json.loads(sys.argv[1]), sys.argv[2:])
    sys.stdout.flush()
    os._exit(exit_code)  # the watching thread sits in a read that an ordinary exit would wait for
