"""The way of a decision: who can make one, who hands it over, and what becomes of a lost one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from aws_cdk.assertions import Template

from tests.infrastructure.answers import (
    EVALUATION,
    EVIDENCE,
    RELEASE_INPUT,
    all_well,
    calls,
    fails,
)
from tests.infrastructure.execution import execute
from tests.infrastructure.intrinsics import ACCOUNT, REGION, Intrinsics
from tests.infrastructure.policies import roles
from tests.infrastructure.synthesis import VARIANTS, Synthesis, synthesized

_MAPPING = "AWS::Lambda::EventSourceMapping"
_LINK_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/LinkKeyA6C2E162"


def _statements(synthesis: Synthesis) -> Iterator[tuple[str, list[str]]]:
    """(role, actions) of every policy of the app."""
    for policy in synthesis.resources("AWS::IAM::Policy").values():
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
            actions = statement["Action"]
            for role in policy["Properties"]["Roles"]:
                yield role["Ref"][:-8], actions if isinstance(actions, list) else [actions]


def _who_may(synthesis: Synthesis, *beginnings: str) -> set[str]:
    return {
        role
        for role, actions in _statements(synthesis)
        if any(action == "*" or action.startswith(beginnings) for action in actions)
    }


@pytest.mark.parametrize("variant", VARIANTS)
def test_only_whoever_asks_can_sign_a_link(variant: str) -> None:
    synthesis = synthesized(variant)

    assert _who_may(synthesis, "kms:GenerateMac", "kms:G*", "kms:*") == {"AskApprovalRole"}
    assert {
        role.logical_id[:-8]
        for role in roles(synthesis, stack="release").values()
        if role.allows("kms:GenerateMac", _LINK_KEY)
    } == {"AskApprovalRole"}


@pytest.mark.parametrize("variant", VARIANTS)
def test_only_whoever_reads_written_decisions_can_speak_to_the_workflow(variant: str) -> None:
    may_speak = _who_may(synthesized(variant), "states:SendTask", "states:*")

    assert may_speak == {"TellWorkflowRole"}


def test_the_public_function_has_no_right_in_step_functions_at_all(shipped: Synthesis) -> None:
    assert "AnswerApprovalRole" not in _who_may(shipped, "states:")


def test_a_changed_approval_is_told_until_it_is_taken_or_people_are_told_instead(
    shipped: Synthesis, release_intrinsics: Intrinsics
) -> None:
    mapping = release_intrinsics.resolve(shipped.only(_MAPPING))
    mapping.pop("Tags")

    (function,) = (
        f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{logical_id}"
        for logical_id, resource in shipped.resources("AWS::Lambda::Function").items()
        if resource["Properties"]["Handler"] == "tell_workflow.handler.handle"
    )
    assert mapping.pop("FunctionName") == function
    assert mapping.pop("EventSourceArn").startswith(
        f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/ApprovalsTable8722BC13/stream/"
    )
    assert mapping == {
        # What was written before the mapping was there is told too.
        "StartingPosition": "TRIM_HORIZON",
        "BatchSize": 1,
        "ParallelizationFactor": 10,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        # Without both limits, a record is tried for as long as the stream keeps it.
        "MaximumRecordAgeInSeconds": 6 * 3600,
        "MaximumRetryAttempts": 1000,
        "DestinationConfig": {
            "OnFailure": {"Destination": f"arn:aws:sns:{REGION}:{ACCOUNT}:MailOutcomes87337B1C"}
        },
    }


def test_the_stream_is_read_once_the_role_may_read_it(shipped: Synthesis) -> None:
    # Lambda refuses to make a mapping whose role may not read the stream.
    (mapping,) = shipped.resources(_MAPPING).values()
    policies = {
        logical_id
        for logical_id, policy in shipped.resources("AWS::IAM::Policy", stack="release").items()
        if policy["Properties"]["Roles"][0]["Ref"].startswith("TellWorkflowRole")
    }

    assert len(policies) == 1
    assert policies <= set(mapping["DependsOn"])


def test_only_one_function_hears_of_changes(release_template: Template) -> None:
    release_template.resource_count_is(_MAPPING, 1)


def test_the_largest_evidence_and_row_fit_into_every_state(definition: dict[str, Any]) -> None:
    # Given the most that the functions let through
    row = {**EVALUATION, "sampleRow": "1" * 64 * 1024}
    largest = {**EVIDENCE, "mistakes": "x" * (150_000 - len(json.dumps(EVIDENCE)))}
    answers = {
        **all_well(),
        "Merge the parts": calls(row),
        "Gather the evidence": calls(largest),
        "Ask for approval": fails("States.Timeout"),
    }

    # And a candidate that the gate stops, whose mail gets both
    gate = {**EVIDENCE["gate"], "passed": False}
    stopped = {**answers, "Gather the evidence": calls({**largest, "gate": gate})}

    walk = execute(definition, RELEASE_INPUT, answers=answers)
    end = execute(definition, RELEASE_INPUT, answers=stopped)

    # https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
    sizes = {state: len(json.dumps(arguments)) for state, arguments in [*walk.calls, *end.calls]}
    assert walk.succeeded
    assert end.error == "QualityGateFailed"
    assert 150_000 < sizes["Remind the approvers"] < max(sizes.values()) < 256 * 1024
    assert sizes["Mail that the gate stopped it"] == max(sizes.values())
    assert len(json.dumps(walk.output)) < 256 * 1024


def _written(states: dict[str, Any], name: str) -> str:
    return str(states[name]["Arguments"]["Payload"])


def test_the_sample_row_is_sent_once_with_a_question(states: dict[str, Any]) -> None:
    # The row alone may have 64 KiB; the evidence holds a glimpse of it.
    for name in ("Ask for approval", "Remind the approvers"):
        assert "$evidence" in _written(states, name)
        assert "$evaluation" not in _written(states, name)
