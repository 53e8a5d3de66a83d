"""[gate]: limits for the metrics of the model's task, and no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlops_stacks.settings import Settings, load_settings
from mlops_stacks.settings_faults import SettingsError
from tests.unit.settings_files import VALID


def _load(folder: Path, *, task: str, gate: str) -> Settings:
    text = VALID.read_text(encoding="utf-8")
    start, end = text.index("[gate.thresholds]"), text.index("[approval]")
    text = f"{text[:start]}{gate}\n{text[end:]}"
    text = text.replace('task = "classification"', f'task = "{task}"')
    path = folder / "settings.toml"
    path.write_text(text, encoding="utf-8")
    return load_settings(path)


def test_limits_have_the_names_of_the_reports(tmp_path: Path) -> None:
    settings = _load(
        tmp_path,
        task="classification",
        gate="[gate.thresholds]\nmacro_f1 = 0.5\nworst_recall = 1\n"
        "[gate.allowed_regression]\naccuracy = 0",
    )

    assert settings.gate.to_json("classification") == {
        "thresholds": {"macroF1": 0.5, "worstRecall": 1},
        "allowedRegression": {"accuracy": 0},
    }


def test_errors_may_be_limited_to_any_size(tmp_path: Path) -> None:
    settings = _load(
        tmp_path,
        task="regression",
        gate="[gate.thresholds]\nrmse = 1500.5\nr2 = -0.5\n[gate.allowed_regression]\nmae = 2.5",
    )

    assert settings.gate.to_json("regression") == {
        "thresholds": {"rmse": 1500.5, "r2": -0.5},
        "allowedRegression": {"mae": 2.5},
    }


def test_without_a_limit_nothing_is_stopped(tmp_path: Path) -> None:
    settings = _load(tmp_path, task="regression", gate="")

    assert settings.gate.to_json("regression") == {"thresholds": {}, "allowedRegression": {}}


@pytest.mark.parametrize(
    ("task", "gate", "message"),
    [
        (
            "classification",
            "[gate.thresholds]\nrmse = 0.5",
            'gate.thresholds.rmse: a metric of model.task = "classification" is allowed: '
            "accuracy, macro_f1, worst_recall",
        ),
        (
            "regression",
            "[gate.allowed_regression]\naccuracy = 0.02",
            'gate.allowed_regression.accuracy: a metric of model.task = "regression" is allowed: '
            "rmse, mae, r2",
        ),
        (
            "classification",
            "[gate.thresholds]\nacuracy = 0.6",
            'gate.thresholds.acuracy: a metric of model.task = "classification" is allowed: '
            "accuracy, macro_f1, worst_recall",
        ),
        (
            "classification",
            "[gate.thresholds]\naccuracy = 60",
            "gate.thresholds.accuracy = 60: from 0 up to 1 is allowed",
        ),
        (
            "regression",
            "[gate.thresholds]\nmae = -1.0",
            "gate.thresholds.mae = -1: from 0 is allowed",
        ),
        (
            "regression",
            "[gate.thresholds]\nr2 = 1.1",
            "gate.thresholds.r2 = 1.1: up to 1 is allowed",
        ),
        (
            "regression",
            "[gate.thresholds]\nrmse = inf",
            "gate.thresholds.rmse = inf: a finite number is allowed",
        ),
        (
            "classification",
            "[gate.thresholds]\naccuracy = nan",
            "gate.thresholds.accuracy = nan: a finite number is allowed",
        ),
        (
            "classification",
            '[gate.thresholds]\naccuracy = "0.6"',
            "gate.thresholds.accuracy = '0.6': Input should be a valid number",
        ),
        (
            "classification",
            "[gate.thresholds]\naccuracy = true",
            "gate.thresholds.accuracy = True: Input should be a valid number",
        ),
        (
            "classification",
            "[gate.allowed_regression]\naccuracy = -0.02",
            "gate.allowed_regression.accuracy = -0.02: a number from 0 is allowed",
        ),
        (
            "classification",
            "[gate.limits]\naccuracy = 0.6",
            "gate.limits is not a setting; remove it or correct its name",
        ),
        (
            "clustering",
            "",
            "model.task = 'clustering': Input should be 'classification' or 'regression'",
        ),
    ],
)
def test_a_limit_that_cannot_be_meant_gives_one_line(
    tmp_path: Path, task: str, gate: str, message: str
) -> None:
    with pytest.raises(SettingsError) as raised:
        _load(tmp_path, task=task, gate=gate)

    assert str(raised.value) == f"settings.toml: {message}"
