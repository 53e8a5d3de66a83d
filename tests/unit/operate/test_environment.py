"""Which of several environments is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.operate.conftest import Command

_TWO = """
[pipeline]
account = "111111111111"
region = "eu-west-1"

[[environments]]
name = "dev"

[[environments]]
name = "prod"
"""


@pytest.fixture
def _two(settings: Path) -> None:
    settings.write_text(settings.read_text(encoding="utf-8") + _TWO, encoding="utf-8")


@pytest.mark.usefixtures("account", "_two")
def test_the_stacks_of_the_environment_are_asked(command: Command) -> None:
    code, _, complaint = command.run("lineage", "--environment", "prod")

    assert code == 1
    assert "no stack grapes-Prod-Foundation" in complaint


@pytest.mark.usefixtures("account", "_two")
@pytest.mark.parametrize("arguments", [[], ["--environment", "staging"]])
def test_one_of_several_has_to_be_named(command: Command, arguments: list[str]) -> None:
    code, _, complaint = command.run("decisions", *arguments)

    assert code == 1
    assert "one of dev, prod is allowed" in complaint


@pytest.mark.usefixtures("account")
def test_the_only_one_needs_no_name(command: Command) -> None:
    for arguments in ([], ["--environment", "production"]):
        _, _, complaint = command.run("decisions", *arguments)
        assert "no stack grapes-Production-Foundation" in complaint
