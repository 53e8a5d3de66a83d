"""The instance types that settings.toml may name are those of SageMaker's API."""

from __future__ import annotations

import json
from pathlib import Path

import botocore.loaders
import pytest

import mlops_stacks.settings_fields

LISTS = Path(mlops_stacks.settings_fields.__file__).parent / "instance_types.json"
SHAPES = {
    "training": "TrainingInstanceType",
    "transform": "TransformInstanceType",
    "endpoint": "ProductionVariantInstanceType",
}


@pytest.mark.parametrize("use", SHAPES)
def test_the_list_is_that_of_the_api(use: str) -> None:
    shapes = botocore.loaders.Loader().load_service_model("sagemaker", "service-2")["shapes"]
    kept = json.loads(LISTS.read_text(encoding="utf-8"))

    assert set(kept) == set(SHAPES)
    assert kept[use] == sorted(shapes[SHAPES[use]]["enum"]), (
        f"Put the API's sorted values of {SHAPES[use]} into {LISTS.name}"
    )
