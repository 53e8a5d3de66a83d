"""What happens behind every release: it is counted and tidied up after, or people are told."""

from __future__ import annotations

from typing import Any

import pytest

from tests.infrastructure.event_rules import (
    WORKFLOW,
    event_rules,
    function_arn,
    matching,
    ours,
)
from tests.infrastructure.intrinsics import ACCOUNT, REGION, Intrinsics
from tests.infrastructure.synthesis import Synthesis

_CONFIG = "AWS::Lambda::EventInvokeConfig"
_FOLDERS = ["record_outcome", "clean_up"]


@pytest.fixture(scope="module")
def rule(shipped: Synthesis, release_intrinsics: Intrinsics) -> dict[str, Any]:
    """The one rule on ends of releases."""
    (found,) = event_rules(shipped, release_intrinsics, prefix="Ends")
    return found


@pytest.mark.parametrize("status", ["SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT"])
def test_every_end_calls_both_functions(
    shipped: Synthesis, release_intrinsics: Intrinsics, rule: dict[str, Any], status: str
) -> None:
    called = [function_arn(shipped, release_intrinsics, folder) for folder in _FOLDERS]

    assert matching([rule], ours("event_execution_failed", status=status)) == [rule]
    assert rule["State"] == "ENABLED"
    assert [target["Arn"] for target in rule["Targets"]] == called


@pytest.mark.parametrize(
    "detail", [{"status": "RUNNING"}, {"stateMachineArn": f"{WORKFLOW}2", "status": "FAILED"}]
)
def test_other_events_call_nothing(rule: dict[str, Any], detail: dict[str, str]) -> None:
    assert matching([rule], ours("event_execution_failed", **detail)) == []


@pytest.mark.parametrize("folder", _FOLDERS)
def test_what_fails_is_tried_again_and_then_told(
    shipped: Synthesis, release_intrinsics: Intrinsics, rule: dict[str, Any], folder: str
) -> None:
    # https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
    arn = function_arn(shipped, release_intrinsics, folder)
    configs = [
        release_intrinsics.resolve(config["Properties"])
        for config in shipped.resources(_CONFIG).values()
    ]
    (config,) = (one for one in configs if one["FunctionName"] == arn.split(":")[-1])
    (target,) = (one for one in rule["Targets"] if one["Arn"] == arn)

    assert len(configs) == len(_FOLDERS)
    assert config["Qualifier"] == "$LATEST"
    assert config["MaximumRetryAttempts"] == 2
    assert 60 <= config["MaximumEventAgeInSeconds"] <= 6 * 3600
    outcomes = f"arn:aws:sns:{REGION}:{ACCOUNT}:MailOutcomes87337B1C"
    assert config["DestinationConfig"] == {"OnFailure": {"Destination": outcomes}}
    assert 1 <= target["RetryPolicy"]["MaximumRetryAttempts"] <= 10


def test_lambda_may_publish_before_it_is_told_where(shipped: Synthesis) -> None:
    # Lambda refuses a destination that the function's role may not publish to.
    for config in shipped.resources(_CONFIG).values():
        function = config["Properties"]["FunctionName"]["Ref"]
        role = shipped.resources("AWS::Lambda::Function")[function]["Properties"]["Role"]
        policies = {
            logical_id
            for logical_id, policy in shipped.resources("AWS::IAM::Policy").items()
            if {"Ref": role["Fn::GetAtt"][0]} in policy["Properties"]["Roles"]
        }

        assert policies
        assert policies <= set(config["DependsOn"])


def test_what_one_call_leaves_is_tidied_up_within_a_day(
    shipped: Synthesis, release_intrinsics: Intrinsics
) -> None:
    rules = [
        release_intrinsics.resolve(found["Properties"])
        for found in shipped.resources("AWS::Events::Rule", stack="release").values()
        if "ScheduleExpression" in found["Properties"]
    ]
    arn = function_arn(shipped, release_intrinsics, "clean_up")
    permissions = [
        release_intrinsics.resolve(found["Properties"])
        for found in shipped.resources("AWS::Lambda::Permission").values()
    ]

    (daily,) = rules
    assert (daily["ScheduleExpression"], daily["State"]) == ("rate(1 day)", "ENABLED")
    assert "EventPattern" not in daily
    assert [target["Arn"] for target in daily["Targets"]] == [arn]
    allowed = [one["SourceArn"] for one in permissions if one["FunctionName"] == arn]
    assert any(":rule/CleanUpDaily" in source for source in allowed)
