"""What the workflow tells SageMaker to read in a training job's log."""

from __future__ import annotations

import re
from typing import Any

import pytest

from local.sagemaker.validation import violations
from mlops_stacks.constructs.workflow.training import metric_definitions
from mlops_stacks.settings import Settings, load_settings
from tests.infrastructure.synthesis import SETTINGS, Synthesis

_MOST = [f"metric_{number}_{'x' * 50}" for number in range(39)]


def _definitions(synthesis: Synthesis) -> dict[str, str]:
    arguments = synthesis.states["Train the model"]["Arguments"]
    found = arguments["AlgorithmSpecification"]["MetricDefinitions"]
    return {one["Name"]: one["Regex"] for one in found}


def _settings(metrics: list[str]) -> Settings:
    document = load_settings(SETTINGS).model_dump()
    document["training"]["metrics"] = metrics
    return Settings.model_validate(document)


@pytest.mark.parametrize(
    ("variant", "names"),
    [("shipped", ["rows", "accuracy"]), ("closed", ["rows", "rmse", "mae", "r2"])],
    ids=["classification", "regression"],
)
def test_the_rows_and_the_metrics_of_the_task_are_recorded(
    request: pytest.FixtureRequest, variant: str, names: list[str]
) -> None:
    definitions = _definitions(request.getfixturevalue(variant))
    assert list(definitions) == [f"train:{name}" for name in names]


def test_the_settings_may_name_others() -> None:
    named = metric_definitions(_settings(["f1", "log_loss"]))
    assert [one["Name"] for one in named] == ["train:rows", "train:f1", "train:log_loss"]
    assert [one["Name"] for one in metric_definitions(_settings([]))] == ["train:rows"]


@pytest.mark.parametrize("value", [0.0, 1.0, 120.0, -3.25, 1e-12, -6.02e23, 0.98333333])
def test_the_value_is_found_as_training_prints_it(value: float) -> None:
    # Given a log in which one name is a part of the other (container/plumbing/training.py)
    log = "".join(f"train:{name}={value + more:.6g};\n" for name, more in (("f1", 0), ("my_f1", 1)))
    # When SageMaker looks for both
    [_, *named] = metric_definitions(_settings(["f1", "my_f1"]))
    # Then each has its own value
    for definition, more in zip(named, (0, 1), strict=True):
        [found] = re.findall(definition["Regex"], log)
        assert float(found) == pytest.approx(value + more, rel=1e-5)


def test_sagemaker_accepts_as_many_as_the_settings_do(calls: list[tuple[str, Any]]) -> None:
    arguments = next(sent for name, sent in calls if name == "Train the model")
    algorithm = dict(arguments["AlgorithmSpecification"])
    algorithm["MetricDefinitions"] = metric_definitions(_settings(_MOST))
    request = {**arguments, "AlgorithmSpecification": algorithm}
    assert violations("CreateTrainingJob", request) == []
    algorithm["MetricDefinitions"] = [*algorithm["MetricDefinitions"], {"Name": "x", "Regex": "x"}]
    assert violations("CreateTrainingJob", request) != []


@pytest.mark.parametrize(
    "metrics",
    [[*_MOST, "one_more"], ["rows"], ["Rows"], ["f1", "F1"], ["a-b"], ["1st"], ["x" * 64], "f1"],
    ids=lambda metrics: str(metrics)[-20:],
)
def test_what_could_not_be_found_in_the_log_is_refused(metrics: Any) -> None:  # noqa: ANN401
    with pytest.raises(ValueError, match="metrics"):
        _settings(metrics)
