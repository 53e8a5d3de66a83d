"""The process around a training run: signals, exit codes, the failure file, the finished model.

Training runs in a child process. Thus a stop request is obeyed at once even inside native code,
and a child that the system kills (out of memory, most often) still leaves a reason behind.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-signal-success-failure.html
https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-dockerfile.html
"""

import contextlib
import os
import shutil
import signal
import sys
import traceback
from pathlib import Path
from types import FrameType
from typing import NoReturn

from plumbing import privileges
from plumbing.errors import InputError
from plumbing.lifeline import Lifeline
from plumbing.paths import MlPaths

FAILURE_LIMIT = 1024  # characters of the failure file that SageMaker shows
FAILED = 1
STOPPED = 128 + signal.SIGTERM
STOPS = (signal.SIGTERM, signal.SIGINT)


class TrainingFailedError(Exception):
    """Training ended without a model; the message says why, ``code`` is the exit code."""

    def __init__(self, reason: str, code: int = FAILED) -> None:
        super().__init__(reason)
        self.code = code


def run(paths: MlPaths) -> int:
    """Trains and returns the exit code: 0 with a complete model in place, else non-zero."""
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)  # let through only while the child trains
    try:
        paths.failure.unlink(missing_ok=True)
        shutil.rmtree(paths.staging, ignore_errors=True)
        paths.staging.mkdir(parents=True)
        _train_in_child(paths)
        _publish(paths)
        return 0
    except TrainingFailedError as error:
        _report(paths, str(error))
        return error.code
    except OSError as error:
        _report(paths, f"Files under {paths.root} cannot be written: {error}.")
        return FAILED
    finally:
        shutil.rmtree(paths.staging, ignore_errors=True)
        for path in (paths.checkpoints, *paths.checkpoints.rglob("*")):
            with contextlib.suppress(OSError):  # most jobs keep none
                _own_like(path, paths.model)


def _train_in_child(paths: MlPaths) -> None:
    """Raises TrainingFailedError unless a complete model lies in ``paths.staging``."""
    kept = [paths.checkpoints] if paths.checkpoints.is_dir() else []
    user = privileges.ordinary_user(reads=paths.root / "input", writes=[paths.staging, *kept])
    lifeline = Lifeline()
    reason_end, child_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)  # a group of its own, so that a stop also ends what training started
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
        lifeline.hold()
        _train_and_exit(paths, user, child_end)
    with contextlib.suppress(OSError):
        os.setpgid(child, child)  # whichever of the two comes first
    os.close(child_end)
    stopped_by = _wait(child)
    with open(reason_end, "rb") as pipe:  # noqa: PTH123 - a descriptor, not a path
        os.set_blocking(reason_end, False)  # something that training started may hold it open
        reason = (pipe.read() or b"").decode("utf-8", "replace")
    if isinstance(stopped_by, signal.Signals):
        raise TrainingFailedError(
            f"Training was stopped by {stopped_by.name} before it finished; no model was saved.",
            STOPPED,
        )
    if stopped_by < 0:
        name = signal.Signals(-stopped_by).name
        hint = (
            "Memory most likely ran out: use a larger instance type or less data."
            if name == "SIGKILL"
            else "That is a crash in native code; the log may say more."
        )
        raise TrainingFailedError(f"Training was ended by {name}. {hint}")
    if stopped_by > 0:
        raise TrainingFailedError(reason or f"Training ended with exit code {stopped_by}.")


def _wait(child: int) -> int | signal.Signals:
    """Waits for the child: its exit code, or the signal that asked us to stop it."""
    stop_requests: list[signal.Signals] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        stop_requests.append(signal.Signals(number))
        with contextlib.suppress(ProcessLookupError):  # it may just have ended
            os.killpg(child, signal.SIGKILL)

    for number in STOPS:
        signal.signal(number, stop)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
    _, status = os.waitpid(child, 0)
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
    return stop_requests[0] if stop_requests else os.waitstatus_to_exitcode(status)


def _train_and_exit(paths: MlPaths, user: int | None, reason_end: int) -> NoReturn:
    """In the child: trains, sends the reason of a failure to the parent, ends this process."""
    code, reason = FAILED, ""
    try:
        privileges.become(user)
        from plumbing import training  # here: the parent stays small

        training.run(paths)
        code = 0
    except InputError as error:
        reason = str(error)
    except BaseException as error:
        traceback.print_exc()
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(frame.filename).name} line {frame.lineno}"
        reason = f"Training failed: {type(error).__name__}: {error} (in {place})."
        if isinstance(error, ModuleNotFoundError):
            reason += " A package belongs in requirements.in (then `make lock`), a file of your own"
            reason += " beside model.py and in .dockerignore."
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os.write(reason_end, reason[:FAILURE_LIMIT].encode("utf-8", "replace"))
        os._exit(code)


def _publish(paths: MlPaths) -> None:
    """Moves the complete model to where SageMaker looks for it, with that folder's owner."""
    for path in paths.staging.rglob("*"):
        _own_like(path, paths.model)
    for path in sorted(paths.staging.iterdir()):
        target = paths.model / path.name
        if target.is_dir():
            shutil.rmtree(target)
        path.replace(target)


def _own_like(path: Path, folder: Path) -> None:
    """Gives ``path`` the owner of ``folder``, who can then remove it from a mounted folder."""
    if os.geteuid() == 0:
        owner = folder.stat()
        os.chown(path, owner.st_uid, owner.st_gid)


def _report(paths: MlPaths, reason: str) -> None:
    """Writes the reason to the log and to the failure file."""
    print(reason, file=sys.stderr, flush=True)
    try:
        paths.failure.parent.mkdir(parents=True, exist_ok=True)
        paths.failure.write_text(reason[:FAILURE_LIMIT], encoding="utf-8")
        _own_like(paths.failure, paths.failure.parent)
    except OSError as error:
        print(f"The failure file could not be written: {error}.", file=sys.stderr, flush=True)
