"""The metrics' names and how their values read."""

from __future__ import annotations

import pytest
from shared.metrics import HEADLINE, METRICS, TASKS, metrics_of, number_text


def test_every_task_has_metrics_and_its_headline_comes_first() -> None:
    for task in TASKS:
        assert metrics_of(task)[0] is METRICS[HEADLINE[task]]
    assert sum(len(metrics_of(task)) for task in TASKS) == len(METRICS)


def test_settings_name_metrics_in_their_own_spelling() -> None:
    settings = {metric.setting: name for name, metric in METRICS.items()}

    assert settings["macro_f1"] == "macroF1"
    assert settings["worst_recall"] == "worstRecall"
    assert len(settings) == len(METRICS)


def test_only_errors_are_better_when_lower() -> None:
    lower = {name for name, metric in METRICS.items() if not metric.higher_is_better}

    assert lower == {"rmse", "mae"}


def test_values_read_as_shares_numbers_or_undefined() -> None:
    assert METRICS["accuracy"].as_text(0.96667) == "96.7 %"
    assert METRICS["r2"].as_text(0.98765) == "0.9877"
    assert METRICS["r2"].as_text(None) == "undefined"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.00001, "1.000e-05"),
        (0.012345, "0.01235"),
        (999.96, "1,000"),
        (1234.56, "1,235"),
        (12345.6, "12,350"),
        (1e10, "1.000e+10"),
        (-3.25, "-3.25"),
    ],
)
def test_numbers_have_four_digits(value: float, text: str) -> None:
    assert number_text(value) == text
