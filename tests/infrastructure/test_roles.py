"""What the data scientist's code and each function may touch, decided by an IAM evaluator."""

from __future__ import annotations

import pytest

from tests.infrastructure.policies import Role, role, roles
from tests.infrastructure.role_calls import NEEDED
from tests.infrastructure.role_resources import LOGS, Call
from tests.infrastructure.synthesis import Synthesis
from tests.infrastructure.tempting_calls import TEMPTING


def _allowed(one: Role, calls: list[Call]) -> list[Call]:
    return [call for call in calls if one.allows(call[0], call[1], **call[2])]


def _trust(prefix: str) -> str:
    return "sagemaker.amazonaws.com" if prefix.startswith("SageMaker") else "lambda.amazonaws.com"


def test_every_role_of_the_stack_is_judged_here(shipped: Synthesis) -> None:
    judged = {*NEEDED, "WorkflowPermissionsRole"}  # the workflow's has a file of its own

    assert {name[:-8] for name in roles(shipped, stack="release")} == judged


@pytest.mark.parametrize("prefix", NEEDED)
def test_each_role_may_do_what_its_code_does(shipped: Synthesis, prefix: str) -> None:
    assert _allowed(role(shipped, prefix), NEEDED[prefix]) == NEEDED[prefix]


@pytest.mark.parametrize("prefix", NEEDED)
def test_each_role_may_do_nothing_else_that_tempts(shipped: Synthesis, prefix: str) -> None:
    tempting = [call for call in TEMPTING if call not in NEEDED[prefix]]

    assert _allowed(role(shipped, prefix), tempting) == []


@pytest.mark.parametrize("prefix", NEEDED)
def test_each_role_is_assumed_by_its_service_only(shipped: Synthesis, prefix: str) -> None:
    assert role(shipped, prefix).trusts == _trust(prefix)


@pytest.mark.parametrize("prefix", [name for name in NEEDED if not name.startswith("SageMaker")])
def test_each_function_writes_its_own_log_only(shipped: Synthesis, prefix: str) -> None:
    one = role(shipped, prefix)
    groups = [
        name
        for name in shipped.resources("AWS::Logs::LogGroup", stack="release")
        if one.allows("logs:PutLogEvents", f"{LOGS}:{name}:log-stream:x")
    ]

    assert [name[:-8] for name in groups] == [prefix.removesuffix("Role") + "Logs"]
    assert not one.allows("logs:CreateLogGroup", f"{LOGS}:{groups[0]}")
