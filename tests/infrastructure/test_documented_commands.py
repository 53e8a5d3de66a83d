"""The commands of README and docs name what the templates deploy."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.infrastructure.synthesis import ROOT, Synthesis

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def _named(pattern: str) -> Iterator[str]:
    for page in PAGES:
        for line in page.read_text(encoding="utf-8").splitlines():
            for name in re.findall(pattern, line):
                yield name.replace("$MODEL", "iris")


def test_stacks(shipped: Synthesis) -> None:
    documented = set(_named(r"--stack-name (\S+)"))

    assert documented
    assert documented <= {stack.stack_name for stack in shipped.stacks.values()}


def test_stages_of_the_pipeline(shipped: Synthesis) -> None:
    documented = {*_named(r"--stage-name (\S+)"), *_named(r"stageName=='([^']+)'")}
    stages = shipped.only("AWS::CodePipeline::Pipeline")["Stages"]

    assert documented
    assert documented <= {stage["Name"] for stage in stages}


@pytest.mark.parametrize("of", ["EndpointConfigName", "ModelName"])
def test_what_a_release_makes(of: str) -> None:
    # tests/infrastructure/test_release_names.py holds the workflow to this beginning.
    documented = set(_named(rf"starts_with\({of},'([^']+)'\)"))

    assert documented == {"iris--"}


def test_what_cloudformation_names_after_the_stack(shipped: Synthesis) -> None:
    # CloudFormation names a resource after stack and logical id, a bucket in lower case:
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-name.html
    foundation = shipped.stacks["foundation"].stack_name
    (table,) = shipped.resources("AWS::DynamoDB::Table", stack="foundation")
    (table_prefix,) = set(_named(r"starts_with\(@,'([^']+)'\)"))
    (bucket_prefix,) = set(_named(r"starts_with\(Name,'([^']+)'\)"))

    assert f"{foundation}-{table}".startswith(table_prefix)
    assert bucket_prefix == f"{foundation.lower()}-"
