"""`python -m operate` looks where the deployment puts things."""

from __future__ import annotations

from operate.decisions import foundation_stack
from tests.infrastructure.synthesis import Synthesis, settings_of


def test_the_table_is_an_output_of_the_stack_that_is_asked(shipped: Synthesis) -> None:
    foundation = shipped.stacks["foundation"]
    assert foundation.stack_name == foundation_stack(settings_of("shipped").names.model)
    [table] = shipped.resources("AWS::DynamoDB::Table", stack="foundation")
    output = shipped.templates["foundation"]["Outputs"]["ApprovalsTable"]
    assert output["Value"] == {"Ref": table}
