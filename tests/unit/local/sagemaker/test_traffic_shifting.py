"""DeploymentConfig: what is refused, and the steps that are taken."""

from __future__ import annotations

from typing import Any

import pytest

from local.sagemaker.errors import ApiError
from local.sagemaker.rollout import Rollout, plan


def config(*counts: int) -> dict[str, Any]:
    return {
        "ProductionVariants": [
            {"VariantName": f"V{index}", "InitialInstanceCount": count}
            for index, count in enumerate(counts)
        ]
    }


def deployment(kind: str, *, wait: int = 60, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    sizes: dict[str, Any] = {
        key: more.pop(key) for key in ("CanarySize", "LinearStepSize") if key in more
    }
    routing: dict[str, Any] = {"Type": kind, "WaitIntervalInSeconds": wait, **sizes}
    return {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing, **more}}


def percent(value: int) -> dict[str, Any]:
    return {"Type": "CAPACITY_PERCENT", "Value": value}


def instances(value: int) -> dict[str, Any]:
    return {"Type": "INSTANCE_COUNT", "Value": value}


def test_nothing_given_moves_all_at_once() -> None:
    assert plan({}, config(1)) == Rollout()


@pytest.mark.parametrize(
    ("given", "steps"),
    [
        (deployment("ALL_AT_ONCE"), (1.0,)),
        (deployment("CANARY", CanarySize=percent(10)), (0.1, 1.0)),
        (deployment("CANARY", CanarySize=instances(2)), (0.5, 1.0)),
        (deployment("LINEAR", LinearStepSize=percent(50)), (0.5, 1.0)),
        (deployment("LINEAR", LinearStepSize=percent(40)), (0.4, 0.8, 1.0)),
        (deployment("LINEAR", LinearStepSize=instances(1)), (0.25, 0.5, 0.75, 1.0)),
    ],
)
def test_the_new_fleets_shares(given: dict[str, Any], steps: tuple[float, ...]) -> None:
    assert plan(given, config(4)).steps == pytest.approx(steps)


def test_ten_percent_steps_are_ten() -> None:
    steps = plan(deployment("LINEAR", LinearStepSize=percent(10)), config(10)).steps
    assert (len(steps), steps[-1]) == (10, 1.0)


def test_waits_and_alarms_are_taken_over() -> None:
    given = deployment("ALL_AT_ONCE", wait=300, TerminationWaitInSeconds=120)
    given["AutoRollbackConfiguration"] = {"Alarms": [{"AlarmName": "errors"}, {"AlarmName": "p99"}]}
    assert plan(given, config(1)) == Rollout(
        bake_seconds=300, keep_old_seconds=120, alarms=("errors", "p99")
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (deployment("CANARY"), "CanarySize is required"),
        (deployment("LINEAR"), "LinearStepSize is required"),
        (deployment("CANARY", LinearStepSize=percent(10)), "routing type LINEAR only"),
        (deployment("ALL_AT_ONCE", CanarySize=percent(10)), "routing type CANARY only"),
        (deployment("CANARY", CanarySize=percent(51)), "CANARY takes 1 to 50 percent"),
        (deployment("LINEAR", LinearStepSize=percent(9)), "LINEAR takes 10 to 50 percent"),
        (deployment("LINEAR", LinearStepSize=percent(51)), "LINEAR takes 10 to 50 percent"),
        (deployment("CANARY", CanarySize=instances(3)), "3 of 4 instances are out of range"),
        (
            deployment("CANARY", CanarySize=percent(10), MaximumExecutionTimeoutInSeconds=600),
            None,
        ),
        (
            deployment(
                "CANARY", wait=300, CanarySize=percent(10), MaximumExecutionTimeoutInSeconds=600
            ),
            r"\(600\) must be larger than all waits: .* 2 steps and .* make 600",
        ),
        ({"RollingUpdatePolicy": {}}, "no rolling deployments"),
    ],
)
def test_what_aws_refuses(given: dict[str, Any], message: str | None) -> None:
    if message is None:
        assert plan(given, config(4)).bake_seconds == 60
        return
    with pytest.raises(ApiError, match=message) as refused:
        plan(given, config(4, 8))
    assert refused.value.code == "ValidationException"
