"""A small neural network, trained by scikit-learn, stored as ONNX and served by ONNX Runtime.

ONNX describes a computation and runs no code when it is read. Whatever else writes it, such as
PyTorch, can take the place of `fit`.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from plumbing.hyperparameters import hyperparameter

# Since 1.29 it tells its maker of every session, by a thread that a forked process would miss. What
# serves a model needs no network: nothing goes out.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
import onnxruntime

FEATURE_TYPE = np.float32

Features = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Hyperparameters:
    """What a training job may set, by these names."""

    layers: int = hyperparameter(default=2, minimum=1, maximum=8, help="hidden layers")
    units: int = hyperparameter(default=24, minimum=1, maximum=1024, help="units of each of them")
    decay: float = hyperparameter(
        default=0.001, minimum=0, maximum=10, help="how much large weights are held against a fit"
    )
    max_iterations: int = hyperparameter(default=1000, minimum=1, help="most steps of the fit")
    random_state: int = hyperparameter(
        default=0, minimum=0, maximum=2**32 - 1, help="seed; the same seed gives the same network"
    )


@dataclass(frozen=True)
class Model:
    """A network as ONNX, ready to run."""

    network: bytes
    session: onnxruntime.InferenceSession

    @classmethod
    def of(cls, network: bytes) -> "Model":
        """Makes a session. With one thread it has none of its own, which a fork would not copy."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        providers = ["CPUExecutionProvider"]
        return cls(network, onnxruntime.InferenceSession(network, options, providers=providers))

    @property
    def feature_count(self) -> int:
        return int(self.session.get_inputs()[0].shape[1])


def fit(*, features: Features, labels: Sequence[str], hyperparameters: Hyperparameters) -> Model:
    """Fits a network to ``features`` (rows, columns) and one label a row."""
    # Imported here, because serving must not load them.
    from skl2onnx import to_onnx
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MinMaxScaler

    pipeline = make_pipeline(
        # A value beyond those of the training counts as the nearest of them: none is too large.
        MinMaxScaler(feature_range=(-1, 1), clip=True),
        MLPClassifier(
            hidden_layer_sizes=[hyperparameters.units] * hyperparameters.layers,
            solver="lbfgs",
            alpha=hyperparameters.decay,
            max_iter=hyperparameters.max_iterations,
            random_state=hyperparameters.random_state,
        ),
    )
    pipeline.fit(features, np.array(labels))
    network = to_onnx(pipeline, features[:1], options={"zipmap": False})
    return Model.of(network.SerializeToString())


def predict(model: Model, features: Features) -> list[str]:
    """Predicts one label a row of ``features`` (rows, ``model.feature_count``)."""
    [given] = model.session.get_inputs()
    [labels] = model.session.run(["label"], {given.name: np.ascontiguousarray(features)})
    return list(labels)


def score(labels: Sequence[str], predictions: Sequence[str]) -> Mapping[str, float]:
    """Returns the metrics of ``predictions`` against the true ``labels``, by name."""
    hits = sum(label == guess for label, guess in zip(labels, predictions, strict=True))
    return {"accuracy": hits / len(labels)}


def save(model: Model, folder: Path) -> None:
    """Writes the model into ``folder``, which exists."""
    (folder / "model.onnx").write_bytes(model.network)


def load(folder: Path) -> Model:
    """Reads what ``save`` wrote; raises OSError or one of ONNX Runtime's if it cannot."""
    return Model.of((folder / "model.onnx").read_bytes())
