"""Names that templates and functions must agree on, and that neither can import from the other."""

from __future__ import annotations

from typing import get_args

import pytest
from gather_evidence.environment import limits
from record_outcome.ending import Outcome
from shared import metrics, release_metrics

from mlops_stacks.constructs.release_metrics import NAMESPACE, OUTCOMES
from mlops_stacks.settings_gate import METRICS, Task
from tests.infrastructure.answers import REJECTED, RELEASE_INPUT, all_well, fails, gives
from tests.infrastructure.execution import execute
from tests.infrastructure.synthesis import VARIANTS, Synthesis, synthesized


def test_the_metrics_of_the_settings_are_those_of_the_reports() -> None:
    known = {
        task: {metric.setting: metric.name for metric in metrics.metrics_of(task)}
        for task in metrics.TASKS
    }

    assert known == METRICS
    assert get_args(Task) == metrics.TASKS


def test_alarms_and_dashboard_look_where_the_functions_write() -> None:
    assert release_metrics.NAMESPACE == NAMESPACE
    assert set(get_args(Outcome)) == set(OUTCOMES)


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_gate_can_be_read_by_the_function_that_judges(
    variant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (function,) = (
        f["Properties"]
        for f in synthesized(variant).resources("AWS::Lambda::Function").values()
        if f["Properties"]["Handler"] == "gather_evidence.handler.handle"
    )
    monkeypatch.setenv("GATE", function["Environment"]["Variables"]["GATE"])
    limits.cache_clear()

    demanded = limits()

    limits.cache_clear()
    regression = variant == "closed"
    assert demanded.thresholds == ({"rmse": 0.5} if regression else {"accuracy": 0.6})
    assert demanded.allowed_regression == ({"mae": 0.1} if regression else {"accuracy": 0.02})


def test_every_error_that_ends_a_release_is_an_outcome_of_its_own(shipped: Synthesis) -> None:
    # lambdas/record_outcome tells outcomes apart by the execution's error.
    rejected = execute(
        shipped.definition,
        RELEASE_INPUT,
        answers={**all_well(), "Ask for approval": gives(REJECTED)},
    )
    failed = execute(
        shipped.definition,
        RELEASE_INPUT,
        answers={**all_well(), "Train the model": fails("AlgorithmError", "x")},
    )
    named = {
        state["Error"]
        for state in shipped.states.values()
        if state["Type"] == "Fail" and not state["Error"].startswith("{%")
    }

    assert (rejected.error, failed.error) == ("ReleaseRejected", "AlgorithmError")
    assert named == {
        "QualityGateFailed",
        "ReleaseRejected",
        "ReleaseSuperseded",
        "ApprovalTimedOut",
    }
