"""The approval page of a regression, and what it says of the gate."""

from __future__ import annotations

from dataclasses import replace

import pytest
from shared.evaluation import Mistake, Point
from shared.gate import Gate, Limits, judge

from tests.unit.lambdas.page_evidence import FITTED, KNOWN, MINUS, NONE, read


def test_a_regression_stands_beside_the_live_model() -> None:
    text = read(FITTED).text

    assert "Better than live" in text
    assert f"RMSE 0.174 live 0.2012, {MINUS}13.6 %" in text
    assert "R² 0.9384 live 0.9154, +0.02296" in text
    assert "was measured again on the data of today" in text


@pytest.mark.parametrize(
    ("ours", "theirs", "difference"),
    [
        ((1.0, 1.0, None), (1.0, 1.0, None), "R² undefined live undefined Rows"),
        ((1.0, 1.0, 0.5), (0.0, 1.0, None), "RMSE 1 live 0, +1 MAE"),
        ((1.0, 1.0, -0.5), (2.0, 1.0, 0.5), f"live 2, {MINUS}50.0 % MAE 1 live 1, ±0.0 %"),
        ((1.0, 1.0, -0.5), (2.0, 1.0, 0.5), f"R² -0.5 live 0.5, {MINUS}1 Rows"),
    ],
)
def test_any_difference_can_be_told(
    ours: tuple[float | None, ...], theirs: tuple[float | None, ...], difference: str
) -> None:
    names = ("rmse", "mae", "r2")
    assert FITTED.live
    known = replace(
        FITTED,
        evaluation=replace(
            FITTED.evaluation, metrics=dict(zip(names, ours, strict=True)), rows=160
        ),
        live=replace(FITTED.live, metrics=dict(zip(names, theirs, strict=True))),
    )

    assert difference in read(known).text


def test_a_regression_is_drawn_and_its_largest_errors_are_told() -> None:
    reader = read(FITTED)

    assert reader.tags.count("svg") == 2
    assert reader.text.count("too high") + reader.text.count("too low") == 10
    assert "0.6 was predicted as 1.145 , 0.5447 too high petals.csv, line 41" in reader.text
    assert "160 rows. First, predicted against true values" in reader.text
    assert "Confusion matrix" not in reader.text
    assert "Class by class" not in reader.text


def test_a_sample_is_called_one() -> None:
    many = replace(FITTED.evaluation, rows=5_000_000)

    assert "A sample of 160 of 5,000,000 rows" in read(replace(FITTED, evaluation=many)).text


@pytest.mark.parametrize("points", [None, ()])
def test_a_regression_without_points_is_not_drawn(points: tuple[Point, ...] | None) -> None:
    bare = replace(FITTED.evaluation, points=points, mistakes=())

    reader = read(replace(FITTED, evaluation=bare))

    assert "svg" not in reader.tags
    assert "None are kept" in reader.text


@pytest.mark.parametrize(("actual", "predicted"), [("1.5…", "2"), ("nan", "2"), ("1", "")])
def test_an_error_of_odd_values_is_shown_as_it_is(actual: str, predicted: str) -> None:
    odd = Mistake(place="x.csv, line 1", actual=actual, predicted=predicted, features="1")

    text = read(replace(FITTED, evaluation=replace(FITTED.evaluation, mistakes=(odd,)))).text

    assert f"{actual} was predicted as" in text


def test_the_gate_says_what_is_demanded_and_what_there_is() -> None:
    text = read(KNOWN).text

    gate = text.partition("Quality gate ")[2].partition("Class by class")[0]
    assert gate.startswith("Passed It passed all 3 checks.")
    assert f"Accuracy at least 60.0 % 96.7 % {NONE} yes" in gate
    assert "Accuracy against live at least 91.3 % 96.7 % 93.3 % yes" in gate
    assert f"Worst recall at least 50.0 % 90.0 % {NONE} yes" in gate


def test_a_gate_that_was_not_passed_is_seen() -> None:
    limits = Limits(thresholds={"rmse": 0.1}, allowed_regression={"r2": 0.1})
    gate = judge(limits, metrics=FITTED.evaluation.metrics, live={"r2": None}, live_problem="")

    text = read(replace(FITTED, gate=gate)).text

    assert "Not passed RMSE is 0.174, but must be at most 0.1." in text
    assert f"RMSE at most 0.1 0.174 {NONE} no" in text
    assert "R² against live nothing 0.9384 undefined yes" in text


def test_a_gate_without_limits_has_no_table() -> None:
    gate = Gate(passed=True, checks=(), summary="There was no limit to check.")

    reader = read(replace(FITTED, gate=gate))

    assert "Quality gate Passed There was no limit to check. Predictions" in reader.text
    assert ("class", "checks") not in reader.attributes
