"""One training run: read the job's input, fit, report, and write the model to staging."""

import hashlib
import inspect
from pathlib import Path
from typing import Any

import model
import numpy as np
from numpy.typing import NDArray

from plumbing import hyperparameters
from plumbing.checkpoints import Checkpoints
from plumbing.paths import MlPaths
from plumbing.training_data import TrainingData, read_channel

PROGRAM = Path(__file__).resolve().parent.parent
BLOCK_ROWS = 1 << 16


def run(paths: MlPaths) -> None:
    """Leaves a complete model in ``paths.staging``, which exists.

    Metrics are printed as ``train:<name>=<value>;`` for SageMaker's metric definitions:
    https://docs.aws.amazon.com/sagemaker/latest/dg/define-train-metrics.html

    Raises:
        InputError: hyperparameters or data cannot be used.
    """
    chosen = hyperparameters.read(model.Hyperparameters, paths.hyperparameters)
    print(f"Training with {chosen}", flush=True)
    data = read_channel(paths.training_channel, model.FEATURE_TYPE)
    rows, columns = data.features.shape
    print(f"Read {rows} rows of {columns} features", flush=True)
    more = {}
    if "checkpoints" in inspect.signature(model.fit).parameters:
        more["checkpoints"] = Checkpoints(paths.checkpoints, training=_digest(data, chosen))
    fitted = model.fit(features=data.features, labels=data.labels, hyperparameters=chosen, **more)
    print(f"train:rows={rows};", flush=True)
    for name, value in model.score(data.labels, _predictions(fitted, data.features)).items():
        print(f"train:{name}={value:.6g};", flush=True)
    model.save(fitted, paths.staging)


def _predictions(fitted: model.Model, features: NDArray[Any]) -> list[Any]:
    """One a row, asked for in blocks, so that what predicting needs meanwhile is bounded."""
    predictions: list[Any] = []
    for start in range(0, len(features), BLOCK_ROWS):
        block = features[start : start + BLOCK_ROWS]
        given = model.predict(fitted, block)
        if len(given) != len(block):
            raise ValueError(f"predict gave {len(given)} predictions for {len(block)} rows")
        predictions.extend(given)
    return predictions


def _digest(data: TrainingData, chosen: object) -> str:
    """Stands for all that a training depends on: data, hyperparameters and program."""
    digest = hashlib.sha256(repr((chosen, data.features.dtype, data.features.shape)).encode())
    digest.update(np.ascontiguousarray(data.features).data)
    for label in data.labels:
        digest.update(label.encode() + b"\n")
    for path in sorted((*PROGRAM.glob("*.py"), *PROGRAM.glob("plumbing/*.py"))):
        digest.update(path.relative_to(PROGRAM).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()
