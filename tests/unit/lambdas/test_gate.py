"""The gate: every limit, exactly at it and beside it, and what it says of them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping

import pytest
from gather_evidence.environment import limits
from hypothesis import given
from hypothesis import strategies as st
from shared.environment import InvalidEnvironmentError
from shared.fields import InvalidEventError
from shared.gate import Check, Gate, Limits, judge
from shared.metrics import METRICS, TASKS, Task, metrics_of

_GOOD = {"accuracy": 0.9, "macroF1": 0.9, "worstRecall": 0.8}
_FITTED = {"rmse": 2.0, "mae": 1.5, "r2": 0.9}


def _judge(
    metrics: Mapping[str, float | None] | Mapping[str, float],
    *,
    thresholds: Mapping[str, float] | None = None,
    allowed: Mapping[str, float] | None = None,
    live: Mapping[str, float | None] | Mapping[str, float] | None = None,
    problem: str = "",
) -> Gate:
    demanded = Limits(thresholds=thresholds or {}, allowed_regression=allowed or {})
    return judge(demanded, metrics=metrics, live=live, live_problem=problem)


@pytest.mark.parametrize(
    ("metric", "limit", "value", "passed"),
    [
        ("accuracy", 0.6, 0.61, True),
        ("accuracy", 0.6, 0.6, True),
        ("accuracy", 0.6, 0.6 - 1e-10, True),
        ("accuracy", 0.6, 0.6 - 1e-8, False),
        ("accuracy", 0.6, None, False),
        ("macroF1", 0.0, 0.0, True),
        ("worstRecall", 1.0, 1.0, True),
        ("worstRecall", 0.5, 0.0, False),
        ("r2", 0.8, 0.8, True),
        ("r2", 0.8, 0.79, False),
        ("r2", -1.0, -2.0, False),
        ("r2", 0.8, None, False),
        ("rmse", 3.0, 2.9, True),
        ("rmse", 3.0, 3.0, True),
        ("rmse", 3.0, 3.0 * (1 + 1e-10), True),
        ("rmse", 3.0, 3.0001, False),
        ("rmse", 1e-12, 1e-10, False),
        ("rmse", 0.0, 0.0, True),
        ("mae", 0.0, 1e-12, False),
        ("mae", 1e300, 1e301, False),
    ],
)
def test_a_threshold(metric: str, limit: float, value: float | None, passed: bool) -> None:
    gate = _judge({metric: value}, thresholds={metric: limit})

    [check] = gate.checks
    assert gate.passed == check.passed == passed
    assert (check.metric, check.rule, check.value) == (metric, "threshold", value)
    assert (check.limit, check.live) == (limit, None)
    assert METRICS[metric].label in check.text


@pytest.mark.parametrize(
    ("metric", "allowed", "live", "value", "limit", "passed"),
    [
        ("accuracy", 0.02, 0.93, 0.95, 0.91, True),
        ("accuracy", 0.02, 0.62, 0.6, 0.6, True),
        ("accuracy", 0.02, 0.93, 0.90, 0.91, False),
        ("accuracy", 0.0, 0.93, 0.93, 0.93, True),
        ("accuracy", 0.0, 0.93, 0.9299, 0.93, False),
        ("macroF1", 0.5, 0.3, 0.0, -0.2, True),
        ("worstRecall", 0.1, 0.5, None, 0.4, False),
        ("r2", 0.05, -0.1, -0.15, -0.15, True),
        ("r2", 0.05, -0.1, -0.2, -0.15, False),
        ("rmse", 0.05, 2.0, 2.1, 2.1, True),
        ("rmse", 0.05, 2.0, 2.11, 2.1, False),
        ("rmse", 0.05, 0.0, 0.0, 0.0, True),
        ("rmse", 0.05, 0.0, 1e-9, 0.0, False),
        ("mae", 0.0, 1.5, 1.5, 1.5, True),
        ("mae", 1.0, 1.5, 3.0, 3.0, True),
    ],
)
def test_what_may_be_lost_to_the_live_model(
    metric: str, allowed: float, live: float, value: float | None, limit: float, passed: bool
) -> None:
    gate = _judge({metric: value}, allowed={metric: allowed}, live={metric: live})

    [check] = gate.checks
    assert gate.passed == check.passed == passed
    assert (check.rule, check.value, check.live) == ("regression", value, live)
    assert check.limit == pytest.approx(limit)
    assert "the live model has" in check.text


@pytest.mark.parametrize("value", [None, 0.5])
def test_an_undefined_metric_of_the_live_model_leaves_nothing_to_lose(value: float | None) -> None:
    gate = _judge({"r2": value}, allowed={"r2": 0.05}, live={"r2": None})

    [check] = gate.checks
    assert gate.passed
    assert (check.limit, check.live) == (None, None)
    assert "nothing to lose" in check.text


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        ("", "It passed its one check. There is no live model yet to compare it with."),
        (
            "Its report\nis gone.",
            "It passed its one check. It was not compared with the live model: Its report is gone.",
        ),
    ],
)
def test_without_figures_of_a_live_model_nothing_is_held_against_it(
    problem: str, words: str
) -> None:
    gate = _judge(_GOOD, thresholds={"accuracy": 0.5}, allowed={"accuracy": 0}, problem=problem)

    assert gate.passed
    assert [check.rule for check in gate.checks] == ["threshold"]
    assert gate.summary == words


def test_no_limits_stop_nothing_and_say_so() -> None:
    assert _judge(_GOOD, live=_GOOD) == Gate(
        passed=True, checks=(), summary="There was no limit to check."
    )
    first = _judge({"accuracy": 0.1}, allowed={"accuracy": 0.1})
    assert first.summary == (
        "There was no limit to check. There is no live model yet to compare it with."
    )


def test_one_failure_is_one_sentence_with_what_is_and_what_must_be() -> None:
    gate = _judge(
        {"accuracy": 0.85, "macroF1": 0.7},
        thresholds={"accuracy": 0.6, "macroF1": 0.5},
        allowed={"accuracy": 0.02},
        live=_GOOD,
    )

    assert not gate.passed
    assert gate.summary == (
        "Accuracy is 85.0 %, but must be at least 88.0 %: the live model has 90.0 %, and a loss "
        "of 2 points is allowed."
    )
    assert [(check.metric, check.passed) for check in gate.checks] == [
        ("accuracy", True),
        ("accuracy", False),
        ("macroF1", True),
    ]


def test_several_failures_are_counted_and_told() -> None:
    gate = _judge(
        _FITTED,
        thresholds={"rmse": 1.0, "r2": 0.95},
        allowed={"rmse": 0.05, "mae": 0},
        live={**_FITTED, "rmse": 1.0},
    )

    assert gate.summary == (
        "3 of 4 checks failed: RMSE is 2, but must be at most 1; RMSE is 2, but must be at most "
        "1.05: the live model has 1, and 5 % more is allowed; R² is 0.9, but must be at least 0.95."
    )


def test_a_difference_that_rounding_hides_is_shown() -> None:
    share = _judge({"accuracy": 0.59996}, thresholds={"accuracy": 0.6})
    error = _judge({"rmse": 1.00001}, thresholds={"rmse": 1.0})

    assert share.summary == "Accuracy is 59.996 %, but must be at least 60 %."
    assert error.summary == "RMSE is 1.00001, but must be at most 1."


def test_a_metric_that_the_task_lacks_does_not_pass() -> None:
    # The settings refuse it; should it happen all the same, it must not go unnoticed.
    assert not _judge(_FITTED, thresholds={"accuracy": 0.5}).passed


_NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
_SHARES = st.floats(0, 1)


@given(data=st.data(), task=st.sampled_from(TASKS))
def test_any_verdict_is_json_that_everybody_reads(data: st.DataObject, task: Task) -> None:
    # Given any limits and figures
    names = [metric.name for metric in metrics_of(task)]
    values = st.none() | (_SHARES if task == "classification" else _NUMBERS)
    figures = st.fixed_dictionaries(dict.fromkeys(names, values))
    limits_ = st.dictionaries(st.sampled_from(names), _NUMBERS)
    allowed = st.dictionaries(
        st.sampled_from(names), st.floats(0, allow_infinity=False, allow_nan=False)
    )
    live = data.draw(st.none() | figures)

    gate = _judge(
        data.draw(figures),
        thresholds=data.draw(limits_),
        allowed=data.draw(allowed),
        live=live,
        problem="" if live else data.draw(st.text(max_size=2000)),
    )

    # Then the verdict follows from its checks and travels without loss, NaN or infinity
    assert gate.passed == all(check.passed for check in gate.checks)
    said = json.dumps(gate.to_json(), allow_nan=False)
    assert Gate.from_json(json.loads(said)) == gate
    assert len(said) <= 8000
    assert 0 < len(gate.summary) <= 1000
    assert "\n" not in gate.summary
    for check in gate.checks:
        assert check.limit is None or math.isfinite(check.limit)


_CHECK = {
    "metric": "accuracy",
    "rule": "threshold",
    "value": 0.9,
    "limit": 0.6,
    "live": None,
    "passed": True,
    "text": "Good.",
}


@pytest.mark.parametrize("field", ["metric", "rule", "value", "limit", "live", "passed", "text"])
@pytest.mark.parametrize("value", [[], "", 5j])
def test_a_wrong_field_of_a_check_is_refused(field: str, value: object) -> None:
    with pytest.raises(InvalidEventError, match=field):
        Check.from_json({**_CHECK, field: value})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e999])
def test_no_number_without_an_end_is_read(value: float) -> None:
    with pytest.raises(InvalidEventError, match="finite"):
        Check.from_json({**_CHECK, "limit": value})


def _deployed(monkeypatch: pytest.MonkeyPatch, gate: object) -> Limits:
    monkeypatch.setenv("GATE", gate if isinstance(gate, str) else json.dumps(gate))
    return limits()


def test_limits_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = {"thresholds": {"accuracy": 0.6, "r2": -1}, "allowedRegression": {"rmse": 0}}

    assert _deployed(monkeypatch, gate) == Limits(
        thresholds={"accuracy": 0.6, "r2": -1.0}, allowed_regression={"rmse": 0.0}
    )


@pytest.mark.parametrize(
    ("gate", "complaint"),
    [
        ("", "GATE is missing"),
        ("{", "JSON object"),
        ([], "JSON object"),
        ({}, "thresholds"),
        ({"thresholds": {}}, "allowedRegression"),
        ({"thresholds": {"macro_f1": 0.5}, "allowedRegression": {}}, "unknown metric 'macro_f1'"),
        ({"thresholds": {"accuracy": "0.5"}, "allowedRegression": {}}, "no number"),
        ({"thresholds": {"accuracy": True}, "allowedRegression": {}}, "no number"),
        ('{"thresholds": {"accuracy": NaN}, "allowedRegression": {}}', "finite"),
        ('{"thresholds": {}, "allowedRegression": {"rmse": Infinity}}', "finite"),
        ({"thresholds": {}, "allowedRegression": {"rmse": -0.1}}, "below 0"),
    ],
)
def test_wrong_limits_name_the_variable(
    monkeypatch: pytest.MonkeyPatch, gate: object, complaint: str
) -> None:
    with pytest.raises(InvalidEnvironmentError, match=complaint):
        _deployed(monkeypatch, gate)
