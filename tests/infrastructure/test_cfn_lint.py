"""cfn-lint on every template: CloudFormation's own schemas for types, properties and values."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache

import pytest
from cfnlint.api import lint  # type: ignore[import-untyped]

from tests.infrastructure.synthesis import VARIANTS, synthesized

_STACKS = ("pipeline", "foundation", "release")
# Rule and message of what is right as it is, each with its reason.
_ACCEPTED: Mapping[str, str] = {
    r"W3005 '.*Role.*' dependency already enforced by a 'GetAtt'.*": (
        "the CDK makes a resource depend on its role together with the role's policy"
    ),
    r"W3005 'WorkflowStateMachine.*' dependency already enforced by a 'Ref'.*": (
        "what is deleted first depends on the whole workflow, its state machine included"
    ),
    r"E3703 Prefer using Fn::Sub over Fn::Join with an empty delimiter": (
        "cfn-lint 1.58 reports its style hint I1022 as an error inside a pipeline action"
    ),
}


@cache
def _messages(variant: str, stack: str) -> tuple[str, ...]:
    template = json.dumps(synthesized(variant).templates[stack])
    return tuple(
        f"{match.rule.id} {match.message}" for match in lint(template, regions=["eu-west-1"])
    )


def _accepted_by(message: str) -> str | None:
    return next((pattern for pattern in _ACCEPTED if re.fullmatch(pattern, message)), None)


@pytest.mark.parametrize("stack", _STACKS)
@pytest.mark.parametrize("variant", VARIANTS)
def test_cloudformation_would_take_the_template(variant: str, stack: str) -> None:
    messages = [m for m in _messages(variant, stack) if _accepted_by(m) is None]

    assert messages == []


def test_every_accepted_message_is_still_given() -> None:
    given = {
        _accepted_by(message)
        for variant in VARIANTS
        for stack in _STACKS
        for message in _messages(variant, stack)
    }

    assert given == set(_ACCEPTED)


def test_the_linter_would_find_a_wrong_property() -> None:
    wrong = {"Resources": {"Key": {"Type": "AWS::KMS::Key", "Properties": {"Rotate": True}}}}

    assert any(m.rule.id == "E3002" for m in lint(json.dumps(wrong), regions=["eu-west-1"]))
