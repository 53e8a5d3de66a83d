"""The stack's EventBridge rules, and which of them an event matches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from moto.events.models import EventPattern

from tests.infrastructure.intrinsics import ACCOUNT, REGION, Intrinsics
from tests.infrastructure.synthesis import Synthesis
from tests.unit.lambdas import events

WORKFLOW = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:iris-release"


def event_rules(
    synthesis: Synthesis, intrinsics: Intrinsics, *, prefix: str = ""
) -> list[dict[str, Any]]:
    """The rules whose logical ids begin so, and the ARN of each."""
    return [
        {
            **intrinsics.resolve(rule["Properties"]),
            "Arn": intrinsics.resolve({"Fn::GetAtt": [logical_id, "Arn"]}),
        }
        for logical_id, rule in synthesis.resources("AWS::Events::Rule", stack="release").items()
        if logical_id.startswith(prefix)
    ]


def ours(name: str, **detail: str) -> dict[str, Any]:
    """A checked-in event of our workflow or pipeline, with a part of its detail replaced."""
    event = events.load(name)
    known = {"pipeline": "iris-pipeline", "stateMachineArn": WORKFLOW}
    event["detail"].update({key: value for key, value in known.items() if key in event["detail"]})
    event["detail"].update(detail)
    return event


def matching(rules: Sequence[Mapping[str, Any]], event: Mapping[str, Any]) -> list[Any]:
    """The rules that an event matches."""
    return [rule for rule in rules if _pattern(rule).matches_event(event)]  # type: ignore[arg-type]


def _pattern(rule: Mapping[str, Any]) -> EventPattern:
    return EventPattern(None, rule["EventPattern"])


def function_arn(synthesis: Synthesis, intrinsics: Intrinsics, folder: str) -> str:
    """The function whose code is in this folder."""
    (arn,) = (
        intrinsics.resolve({"Fn::GetAtt": [logical_id, "Arn"]})
        for logical_id, function in synthesis.resources(
            "AWS::Lambda::Function", stack="release"
        ).items()
        if function["Properties"]["Handler"] == f"{folder}.handler.handle"
    )
    return str(arn)
