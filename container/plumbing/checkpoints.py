"""Checkpoints of a long training, so that one that was interrupted goes on where it was.

SageMaker copies /opt/ml/checkpoints to S3 all the time, file by file, and puts everything back
before an interrupted job begins again. So a checkpoint may come back incomplete: a list of its
files with their digests tells.
https://docs.aws.amazon.com/sagemaker/latest/dg/model-checkpoints.html
"""

import contextlib
import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

KEPT = 2  # the newest, and one before it in case that one is damaged
MANIFEST = "checkpoint-files.json"
_NAME = re.compile(r"([0-9a-f]{16})-step-(\d{1,18})")


class Checkpoints:
    """What ``fit`` gets if it has a parameter of this name.

    Where the platform keeps no checkpoints (there is no such folder), ``save`` does nothing and
    ``latest`` finds nothing, so that ``fit`` needs to know nothing of it.
    """

    def __init__(self, folder: Path, *, training: str) -> None:
        """Checkpoints in ``folder`` of the training that the hexadecimal digest stands for."""
        self._folder = folder
        self._training = training[:16]
        if folder.is_dir():
            for unfinished in folder.glob(".partial-*"):
                shutil.rmtree(unfinished, ignore_errors=True)

    def latest(self) -> Path | None:
        """The folder of the newest whole checkpoint of this very training; None if there is none.

        What was saved by another training (other data, hyperparameters or program) or is damaged
        is passed over with a printed line.
        """
        own, others = self._found()
        for path in others:
            print(f"The checkpoint {path.name} is of another training and not used", flush=True)
        for step, path in reversed(own):
            if _is_whole(path):
                print(f"Going on from the checkpoint of step {step}", flush=True)
                return path
            print(f"The checkpoint of step {step} is damaged and not used", flush=True)
        return None

    def save(self, step: int, write: Callable[[Path], None]) -> None:
        """Keeps what ``write`` puts into the empty folder that it gets, and removes older ones.

        An interruption at any moment leaves the checkpoint before.

        Args:
            step: how far the training is, from 0; more each time.
            write: writes files, also in sub-folders, from which ``fit`` can go on.

        Raises:
            OSError: it cannot be written.
        """
        if not self._folder.is_dir():
            return
        partial = self._folder / f".partial-{os.getpid()}"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        write(partial)
        written = sorted(path for path in partial.rglob("*") if path.is_file())
        digests = {path.relative_to(partial).as_posix(): _digest(path) for path in written}
        (partial / MANIFEST).write_text(json.dumps(digests), encoding="utf-8")
        for path in (*partial.rglob("*"), partial):
            _sync(path)
        target = self._folder / f"{self._training}-step-{step}"
        shutil.rmtree(target, ignore_errors=True)  # a damaged one, from before the interruption
        partial.rename(target)
        _sync(self._folder)
        for _, path in self._found()[0][:-KEPT]:
            shutil.rmtree(path, ignore_errors=True)

    def _found(self) -> tuple[list[tuple[int, Path]], list[Path]]:
        """Steps and folders of this training's checkpoints, in order, and others' folders."""
        own, others = [], []
        for path in self._folder.iterdir() if self._folder.is_dir() else ():
            name = _NAME.fullmatch(path.name)
            if name and path.is_dir():
                if name[1] == self._training:
                    own.append((int(name[2]), path))
                else:
                    others.append(path)
        return sorted(own), sorted(others)


def _is_whole(folder: Path) -> bool:
    """Whether every file is there as it was saved; what lies beside them does not matter."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        digests = json.loads((folder / MANIFEST).read_bytes())
        return all(_digest(folder / name) == digest for name, digest in digests.items())
    return False


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    """Returns when the file or the folder's list of names is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
