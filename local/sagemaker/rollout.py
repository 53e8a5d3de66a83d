"""DeploymentConfig: what AWS demands of it, and the steps that it asks for.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DeploymentConfig.html
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_TrafficRoutingConfig.html
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.sagemaker.errors import invalid
from local.sagemaker.fleet import Fleet

_PERCENT = {"CANARY": (1, 50), "LINEAR": (10, 50)}
_SIZE = {"CANARY": "CanarySize", "LINEAR": "LinearStepSize"}
_LONGEST_DEFAULT = 28800


@dataclass(frozen=True, kw_only=True)
class Rollout:
    """How traffic moves to a new fleet.

    Attributes:
        steps: the new fleet's shares of the traffic, one after the other; the last one is 1.
        bake_seconds: the wait after each step, in which alarms are watched.
        keep_old_seconds: how long the old fleet stays after that.
        alarms: names of the alarms that take the traffic back.
    """

    steps: tuple[float, ...] = (1.0,)
    bake_seconds: int = 0
    keep_old_seconds: int = 0
    alarms: tuple[str, ...] = ()


def plan(deployment: Mapping[str, Any], config: Mapping[str, Any]) -> Rollout:
    """The rollout that a DeploymentConfig asks for; an empty one moves all at once.

    Raises:
        ApiError: a ValidationException that says what AWS demands.
    """
    alarms = tuple(
        alarm["AlarmName"]
        for alarm in deployment.get("AutoRollbackConfiguration", {}).get("Alarms", [])
        if "AlarmName" in alarm
    )
    if "RollingUpdatePolicy" in deployment:
        raise invalid(
            "The local SageMaker offers no rolling deployments: give a BlueGreenUpdatePolicy."
        )
    policy = deployment.get("BlueGreenUpdatePolicy")
    if policy is None:
        return Rollout(alarms=alarms)
    routing = policy["TrafficRoutingConfiguration"]
    kind, bake = routing["Type"], routing["WaitIntervalInSeconds"]
    for other, member in _SIZE.items():
        if member in routing and other != kind:
            raise invalid(f"{member} must be given for the traffic routing type {other} only.")
    steps = _steps(kind, routing, config)
    keep_old = policy.get("TerminationWaitInSeconds", 0)
    longest = policy.get("MaximumExecutionTimeoutInSeconds", _LONGEST_DEFAULT)
    needed = bake * len(steps) + keep_old
    if longest <= needed:
        raise invalid(
            f"MaximumExecutionTimeoutInSeconds ({longest}) must be larger than all waits: "
            f"WaitIntervalInSeconds for each of the {len(steps)} steps and "
            f"TerminationWaitInSeconds make {needed}."
        )
    return Rollout(steps=steps, bake_seconds=bake, keep_old_seconds=keep_old, alarms=alarms)


def require_same_variants(old: Fleet | None, config: Mapping[str, Any]) -> None:
    """A blue/green deployment needs the variant names of the old configuration.

    https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-exclusions.html
    """
    names = {variant["VariantName"] for variant in config["ProductionVariants"]}
    if old is not None and names != {variant.name for variant in old.variants}:
        raise invalid(
            "The new endpoint configuration must have the same variant names as the one that is "
            f"deployed: {', '.join(sorted(variant.name for variant in old.variants))}."
        )


def _steps(kind: str, routing: Mapping[str, Any], config: Mapping[str, Any]) -> tuple[float, ...]:
    member = _SIZE.get(kind)
    if member is None:
        return (1.0,)
    size = routing.get(member)
    if size is None:
        raise invalid(f"{member} is required for the traffic routing type {kind}.")
    share = _share(kind, member, size, config)
    if kind == "CANARY":
        return (share, 1.0)
    # Ten steps of 10 % are ten, though 0.1 is a little more than a tenth.
    count = math.ceil(round(1 / share, 6))
    return (*(share * position for position in range(1, count)), 1.0)


def _share(kind: str, member: str, size: Mapping[str, Any], config: Mapping[str, Any]) -> float:
    value: int = size["Value"]
    low, high = _PERCENT[kind]
    if size["Type"] == "CAPACITY_PERCENT":
        if not low <= value <= high:
            raise invalid(
                f"{member}: {value} % is out of range; {kind} takes {low} to {high} percent."
            )
        return value / 100
    counts = [variant.get("InitialInstanceCount", 1) for variant in config["ProductionVariants"]]
    fewest = min(counts)
    if not fewest * low / 100 <= value <= fewest * high / 100:
        raise invalid(
            f"{member}: {value} of {fewest} instances are out of range; {kind} takes {low} to "
            f"{high} percent of each variant's instances."
        )
    return float(value / fewest)
