"""cfn-lint on every template: types, properties and values against CloudFormation's schemas."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator

import pytest

from tests.infrastructure.synthesis import VARIANTS, synthesized

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of cfn-lint's own dependencies
    from cfnlint.api import lint_all

_IGNORED: dict[str, str] = {}


@pytest.fixture(scope="module", params=[(v, s) for v in VARIANTS for s in ("pipeline", "foundation", "release")])
def matches(request: pytest.FixtureRequest) -> Iterator[list[str]]:
    """What cfn-lint says about one template."""
    variant, stack = request.param
    text = json.dumps(synthesized(variant).templates[stack])
    yield [f"{match.rule.id} {match.message}" for match in lint_all(text)]


def test_cloudformation_would_take_the_template(matches: list[str]) -> None:
    for m in matches: print(m)
    assert [match for match in matches if match.split()[0] not in _IGNORED] == []
