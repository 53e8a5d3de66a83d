"""Where SageMaker puts input and looks for output.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html
https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-output.html
https://docs.aws.amazon.com/sagemaker/latest/dg/model-checkpoints.html
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class MlPaths:
    """The documented tree under ``root``, which is /opt/ml in a container."""

    root: Path

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "MlPaths":
        """Takes the root from ``ML_ROOT``, so that the same code runs without a container."""
        return cls(Path(environment.get("ML_ROOT") or "/opt/ml").absolute())

    @property
    def hyperparameters(self) -> Path:
        return self.root / "input" / "config" / "hyperparameters.json"

    @property
    def training_channel(self) -> Path:
        return self.root / "input" / "data" / "training"

    @property
    def model(self) -> Path:
        return self.root / "model"

    @property
    def staging(self) -> Path:
        """Where a model is written before it is complete: same file system, so a rename moves."""
        return self.model / ".partial"

    @property
    def checkpoints(self) -> Path:
        """There only if the job keeps checkpoints."""
        return self.root / "checkpoints"

    @property
    def failure(self) -> Path:
        return self.root / "output" / "failure"
