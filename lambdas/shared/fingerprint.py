"""What a training depends on, as a short text: trainings with the same make the same model."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

_DIGITS = 32


def training_fingerprint(
    *,
    image: str,
    train_version: str,
    hyperparameters: Mapping[str, str],
    instance_type: str,
) -> str:
    """The fingerprint, 32 hex digits.

    Args:
        image: the image's digest, or its address where no digest is known.
        train_version: the version of the data under train/.
        hyperparameters: as SageMaker gets them.
        instance_type: the machine; another one may calculate another model.
    """
    # JSON marks where a value ends: "a" and "bc" are not "ab" and "c".
    told = json.dumps([image, train_version, sorted(hyperparameters.items()), instance_type])
    return hashlib.sha256(told.encode()).hexdigest()[:_DIGITS]
