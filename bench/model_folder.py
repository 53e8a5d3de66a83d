"""Folders that stand for /opt/ml: laid out for a training, and trained by an image."""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from bench import servers
from bench.payloads import TRAIN


@contextlib.contextmanager
def laid_out(
    training_file: Path, hyperparameters: Mapping[str, str] | None = None
) -> Iterator[Path]:
    """A folder with one file of training data, gone when the block ends."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        root = Path(name)
        for folder in ("input/data/training", "input/config", "model", "output"):
            (root / folder).mkdir(parents=True)
        shutil.copyfile(training_file, root / "input/data/training/train.csv")
        given = json.dumps(dict(hyperparameters or {}))
        (root / "input/config/hyperparameters.json").write_text(given, encoding="utf-8")
        # The container's user is another one, as SageMaker's mounts are for every user.
        for path in (root, *root.rglob("*")):
            path.chmod(0o777 if path.is_dir() else 0o644)
        yield root


@contextlib.contextmanager
def trained(program: str, image: str) -> Iterator[Path]:
    """A folder with the model that the image's `train` makes of the sample rows."""
    with laid_out(TRAIN) as root:
        servers.run_once(program, image, root=root, command="train")
        yield root
