"""cdk-nag's AwsSolutions rules, and whether every acknowledgement names a finding that exists."""

from __future__ import annotations

from typing import Any

import pytest
from aws_cdk import Stack, Stage, Validations
from cdk_nag import AwsSolutionsChecks

from mlops_stacks.pipeline_stack import PipelineStack
from tests.infrastructure.synthesis import VARIANTS, build_app, settings_of, synthesized

_ACKNOWLEDGED = "aws:cdk:acknowledged-rules"
pytestmark = pytest.mark.parametrize("variant", VARIANTS)


def _findings(tree: PipelineStack) -> set[tuple[str, str]]:
    """(construct path, rule and finding) for everything that is not acknowledged."""
    report = AwsSolutionsChecks().validate_scope(tree)
    return {
        (str(resource.construct_path), violation.rule_name)
        for violation in report.violations
        for resource in violation.violating_resources
    }


def _acknowledgements(tree: PipelineStack) -> list[tuple[Any, str, str]]:
    """(construct, rule and finding, reason)."""
    return [
        (construct, rule.removeprefix("Annotation::"), reason)
        for construct in tree.node.find_all()
        for entry in construct.node.metadata
        if entry.type == _ACKNOWLEDGED
        for rule, reason in entry.data.items()
    ]


def test_no_finding_is_left_open(variant: str) -> None:
    assert _findings(synthesized(variant).tree) == set()


def test_every_acknowledgement_names_a_finding_that_is_there(
    variant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given what is acknowledged
    acknowledged = _acknowledgements(synthesized(variant).tree)
    assert acknowledged

    # When the same tree is checked with nothing acknowledged
    monkeypatch.setattr(Validations, "acknowledge", lambda *_: None)
    findings = _findings(build_app(settings_of(variant)))

    # Then each acknowledgement covers a finding of its own construct
    stale = [
        f"{construct.node.path}: {rule}"
        for construct, rule, _ in acknowledged
        if not any(
            found == rule and f"{path}/".startswith(f"{construct.node.path}/")
            for path, found in findings
        )
    ]
    assert stale == []


def test_no_acknowledgement_covers_a_whole_stack(variant: str) -> None:
    wide = [
        construct.node.path
        for construct, _, _ in _acknowledgements(synthesized(variant).tree)
        if isinstance(construct, Stack | Stage)
    ]

    assert wide == []


def test_every_acknowledgement_is_narrow_and_says_why(variant: str) -> None:
    poor = [
        rule
        for _, rule, reason in _acknowledgements(synthesized(variant).tree)
        # IAM5 reports each wildcard by itself; accepting the bare rule would accept all of them.
        if rule == "AwsSolutions-IAM5" or len(reason.split()) < 6
    ]

    assert poor == []
