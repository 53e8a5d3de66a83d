"""Failures that the workflow cannot mail by itself reach the function that mails."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from mail_outcome.handler import compose
from mail_outcome.inference import InferenceApi
from moto.events.models import EventPattern

from tests.infrastructure.intrinsics import ACCOUNT, REGION, Intrinsics
from tests.infrastructure.synthesis import Synthesis
from tests.unit.lambdas import events

_WORKFLOW = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:iris-release"
_API = InferenceApi(url="", access="off", region=REGION)


@pytest.fixture(scope="module")
def rules(shipped: Synthesis, release_intrinsics: Intrinsics) -> list[dict[str, Any]]:
    """The stack's rules, and the ARN of each."""
    return [
        {
            **release_intrinsics.resolve(rule["Properties"]),
            "Arn": release_intrinsics.resolve({"Fn::GetAtt": [logical_id, "Arn"]}),
        }
        for logical_id, rule in shipped.resources("AWS::Events::Rule", stack="release").items()
    ]


def _of(name: str, **detail: str) -> dict[str, Any]:
    """A checked-in event of our workflow or pipeline, with a part of its detail replaced."""
    event = events.load(name)
    ours = {"pipeline": "iris-pipeline", "stateMachineArn": _WORKFLOW}
    event["detail"].update({key: value for key, value in ours.items() if key in event["detail"]})
    event["detail"].update(detail)
    return event


def _matching(rules: list[dict[str, Any]], event: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [rule for rule in rules if _pattern(rule).matches_event(event)]  # type: ignore[arg-type]


def _pattern(rule: Mapping[str, Any]) -> EventPattern:
    return EventPattern(None, rule["EventPattern"])


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
    event = _of(name)

    (rule,) = _matching(rules, event)
    mail = compose(event, api=_API)

    assert rule["State"] == "ENABLED"
    assert mail is not None


@pytest.mark.parametrize(
    ("name", "detail"),
    [
        ("event_execution_failed", {"status": "RUNNING"}),
        ("event_execution_failed", {"status": "SUCCEEDED"}),
        ("event_execution_failed", {"stateMachineArn": f"{_WORKFLOW}2"}),
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
    assert _matching(rules, _of(name)), "the event itself must match, or this proves nothing"

    assert _matching(rules, _of(name, **detail)) == []


def test_the_pipeline_that_is_listened_to_is_the_deployed_one(
    shipped: Synthesis, rules: list[dict[str, Any]]
) -> None:
    name = shipped.only("AWS::CodePipeline::Pipeline")["Name"]

    assert _matching(rules, _of("event_pipeline_failed", pipeline=name))


def _function(synthesis: Synthesis, intrinsics: Intrinsics, folder: str) -> str:
    (arn,) = (
        intrinsics.resolve({"Fn::GetAtt": [logical_id, "Arn"]})
        for logical_id, function in synthesis.resources("AWS::Lambda::Function").items()
        if function["Properties"]["Handler"] == f"{folder}.handler.handle"
    )
    return str(arn)


def test_a_failed_pipeline_is_mailed_and_an_execution_s_end_also_closes_its_approval(
    shipped: Synthesis, release_intrinsics: Intrinsics, rules: list[dict[str, Any]]
) -> None:
    mail = _function(shipped, release_intrinsics, "mail_outcome")
    close = _function(shipped, release_intrinsics, "close_approval")
    (execution,) = _matching(rules, _of("event_execution_aborted"))
    (pipeline,) = _matching(rules, _of("event_pipeline_failed"))

    assert [target["Arn"] for target in execution["Targets"]] == [mail, close]
    assert [target["Arn"] for target in pipeline["Targets"]] == [mail]
    assert len(rules) == 3


def test_a_newer_commit_that_passed_its_checks_closes_what_waits(
    shipped: Synthesis, release_intrinsics: Intrinsics, rules: list[dict[str, Any]]
) -> None:
    close = _function(shipped, release_intrinsics, "close_approval")
    stages = shipped.only("AWS::CodePipeline::Pipeline")["Stages"]
    (checks,) = (
        stage["Name"]
        for stage in stages
        if any(action["Name"] == "Synth" for action in stage["Actions"])
    )

    (rule,) = _matching(rules, _of("event_stage_succeeded", stage=checks))

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

    assert granted == {(t["Arn"], rule["Arn"]) for rule in rules for t in rule["Targets"]}


def test_an_event_that_the_function_cannot_take_is_not_tried_for_a_day(
    rules: list[dict[str, Any]],
) -> None:
    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html
    for rule in rules:
        for target in rule["Targets"]:
            assert 1 <= target["RetryPolicy"]["MaximumRetryAttempts"] <= 10
