"""Failures that the workflow cannot mail by itself reach the function that mails."""

from __future__ import annotations

from typing import Any

import pytest
from mail_outcome.handler import compose
from mail_outcome.inference import InferenceApi

from tests.infrastructure.event_rules import (
    WORKFLOW,
    event_rules,
    function_arn,
    matching,
    ours,
)
from tests.infrastructure.intrinsics import REGION, Intrinsics
from tests.infrastructure.synthesis import Synthesis

_API = InferenceApi(url="", access="off", region=REGION)


@pytest.fixture(scope="module")
def rules(shipped: Synthesis, release_intrinsics: Intrinsics) -> list[dict[str, Any]]:
    """The rules on failures; what runs behind every release is tested in test_clean_up.py."""
    return event_rules(shipped, release_intrinsics, prefix="Failures")


@pytest.mark.parametrize(
    "name",
    [
        "event_execution_aborted",
        "event_execution_failed",
        "event_execution_timed_out",
        "event_pipeline_failed",
    ],
)
def test_an_end_that_nobody_was_told_of_comes_to_a_mail(
    rules: list[dict[str, Any]], name: str
) -> None:
    event = ours(name)

    (rule,) = matching(rules, event)
    mail = compose(event, api=_API)

    assert rule["State"] == "ENABLED"
    assert mail is not None


@pytest.mark.parametrize(
    ("name", "detail"),
    [
        ("event_execution_failed", {"status": "RUNNING"}),
        ("event_execution_failed", {"status": "SUCCEEDED"}),
        ("event_execution_failed", {"stateMachineArn": f"{WORKFLOW}2"}),
        ("event_pipeline_failed", {"state": "STARTED"}),
        ("event_pipeline_failed", {"state": "SUCCEEDED"}),
        ("event_pipeline_failed", {"state": "SUPERSEDED"}),
        ("event_pipeline_failed", {"pipeline": "wine-pipeline"}),
        ("event_stage_succeeded", {"stage": "Source"}),
        ("event_stage_succeeded", {"state": "FAILED"}),
        ("event_stage_succeeded", {"pipeline": "wine-pipeline"}),
    ],
)
def test_other_events_start_nothing(
    rules: list[dict[str, Any]], name: str, detail: dict[str, str]
) -> None:
    assert matching(rules, ours(name)), "the event itself must match, or this proves nothing"

    assert matching(rules, ours(name, **detail)) == []


def test_the_pipeline_that_is_listened_to_is_the_deployed_one(
    shipped: Synthesis, rules: list[dict[str, Any]]
) -> None:
    name = shipped.only("AWS::CodePipeline::Pipeline")["Name"]

    assert matching(rules, ours("event_pipeline_failed", pipeline=name))


def test_a_failed_pipeline_is_mailed_and_an_execution_s_end_also_closes_its_approval(
    shipped: Synthesis, release_intrinsics: Intrinsics, rules: list[dict[str, Any]]
) -> None:
    mail = function_arn(shipped, release_intrinsics, "mail_outcome")
    close = function_arn(shipped, release_intrinsics, "close_approval")
    (execution,) = matching(rules, ours("event_execution_aborted"))
    (pipeline,) = matching(rules, ours("event_pipeline_failed"))

    assert [target["Arn"] for target in execution["Targets"]] == [mail, close]
    assert [target["Arn"] for target in pipeline["Targets"]] == [mail]
    assert len(rules) == 3


def test_a_newer_commit_that_passed_its_checks_closes_what_waits(
    shipped: Synthesis, release_intrinsics: Intrinsics, rules: list[dict[str, Any]]
) -> None:
    close = function_arn(shipped, release_intrinsics, "close_approval")
    stages = shipped.only("AWS::CodePipeline::Pipeline")["Stages"]
    (checks,) = (
        stage["Name"]
        for stage in stages
        if any(action["Name"] == "Synth" for action in stage["Actions"])
    )

    (rule,) = matching(rules, ours("event_stage_succeeded", stage=checks))

    assert [target["Arn"] for target in rule["Targets"]] == [close]


def test_only_these_rules_may_call_only_these_functions(
    shipped: Synthesis, release_intrinsics: Intrinsics, rules: list[dict[str, Any]]
) -> None:
    granted = {
        (permission["FunctionName"], permission["SourceArn"])
        for resource in shipped.resources("AWS::Lambda::Permission").values()
        for permission in [release_intrinsics.resolve(resource["Properties"])]
        if permission["Principal"] == "events.amazonaws.com"
    }

    every = event_rules(shipped, release_intrinsics)
    assert [rule for rule in rules if rule in every] == rules
    assert granted == {(t["Arn"], rule["Arn"]) for rule in every for t in rule["Targets"]}


def test_an_event_that_the_function_cannot_take_is_not_tried_for_a_day(
    rules: list[dict[str, Any]],
) -> None:
    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html
    for rule in rules:
        for target in rule["Targets"]:
            assert 1 <= target["RetryPolicy"]["MaximumRetryAttempts"] <= 10
