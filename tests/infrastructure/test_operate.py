"""`python -m operate` looks where the deployment puts things."""

from __future__ import annotations

from tests.infrastructure.synthesis import Synthesis, settings_of


def test_the_table_is_an_output_of_the_stack_that_is_asked(shipped: Synthesis) -> None:
    foundation = shipped.stacks["foundation"]
    assert foundation.stack_name == settings_of("shipped").names.foundation_stack
    [table] = shipped.resources("AWS::DynamoDB::Table", stack="foundation")
    output = shipped.templates["foundation"]["Outputs"]["ApprovalsTable"]
    assert output["Value"] == {"Ref": table}


def test_the_workflow_and_the_bucket_are_outputs_too(shipped: Synthesis) -> None:
    release = shipped.stacks["release"]
    assert release.stack_name == settings_of("shipped").names.release_stack
    assert "StateMachineArn" in shipped.templates["release"]["Outputs"]
    assert "DataBucket" in shipped.templates["foundation"]["Outputs"]
