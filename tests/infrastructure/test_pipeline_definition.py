"""The synthesized pipeline is one that CodePipeline takes, as far as its rules are known here."""

from __future__ import annotations

import pytest

from local.pipeline import checks
from local.pipeline.definition import declaration_of, definition_of
from tests.infrastructure.intrinsics import REGION, Intrinsics
from tests.infrastructure.synthesis import Synthesis, synthesized, synthesized_two


@pytest.mark.parametrize("variant", ["shipped", "disposable", "two environments"])
def test_the_pipeline_has_no_faults(variant: str) -> None:
    two = variant == "two environments"
    synthesis: Synthesis = synthesized_two()[0] if two else synthesized(variant)
    template = synthesis.templates["pipeline"]
    [pipeline] = synthesis.resources("AWS::CodePipeline::Pipeline", stack="pipeline").values()
    properties = Intrinsics(template).resolve(pipeline["Properties"])
    declaration = declaration_of(properties, name=properties["Name"])
    assert checks.shape_faults(declaration) == []
    assert checks.faults(definition_of(declaration), region=REGION) == []
