"""`python -m operate versions`: what is registered, and what of it serves."""

from __future__ import annotations

import json
import os
import sys

import pytest

from tests.unit.operate.conftest import Command, Registry


def test_people_read_the_versions_newest_first(registry: Registry, command: Command) -> None:
    # Given an approved version that serves, a rejected one, and one that waits
    live = registry.register(description="Approved by ada@example.com")
    registry.register(
        "Rejected", description="Accuracy is 50.0 %", gate="failed", commit="22222222"
    )
    registry.register("PendingManualApproval", commit="33333333")
    registry.deploy(version=live)

    code, text, _ = command.run("versions")

    assert code == 0
    lines = text.splitlines()
    assert [line[:1] for line in lines[::2]] == ["3", "2", "1"]
    assert lines[0].endswith("commit 33333333  accuracy 96.7 %  waits for a decision")
    assert lines[1] == "   gate passed"
    assert lines[2].endswith("commit 22222222  accuracy 96.7 %  rejected")
    assert lines[3] == "   Accuracy is 50.0 %"
    assert lines[4].endswith(
        "commit 1a2b3c4d  accuracy 96.7 %  approved, served 2026-11-01 10:30:00 UTC  LIVE"
    )
    assert lines[5] == "   Approved by ada@example.com"


def test_an_approved_version_that_never_served_is_told(
    registry: Registry, command: Command
) -> None:
    registry.register(servedAt="")
    registry.register(servedAt="on Monday")

    _, text, _ = command.run("versions")

    assert "approved, served on Monday\n" in text
    assert "approved, never served\n" in text


def test_programs_read_the_same_as_json(registry: Registry, command: Command) -> None:
    registry.deploy(version=registry.register())
    registry.register("Rejected", description="No")

    code, text, _ = command.run("versions", "--json")

    assert code == 0
    newest, oldest = json.loads(text)
    assert (newest["number"], newest["status"], newest["live"]) == (2, "Rejected", False)
    assert (oldest["number"], oldest["status"], oldest["live"]) == (1, "Approved", True)
    assert (newest["servedAt"], oldest["servedAt"]) == (None, "2026-11-01T10:30:00.000Z")
    assert oldest["reportKey"] == "predictions/job/evaluation.json"


def test_only_the_newest_are_read_if_asked(registry: Registry, command: Command) -> None:
    for _ in range(12):
        registry.register()

    _, text, _ = command.run("versions", "--last", "3", "--json")

    assert [version["number"] for version in json.loads(text)] == [12, 11, 10]


@pytest.mark.parametrize("last", ["0", "-1", "x", "1e3"])
def test_a_wrong_number_is_told(command: Command, last: str) -> None:
    with pytest.raises(SystemExit) as ended:
        command.run("versions", "--last", last)
    assert ended.value.code == 2


@pytest.mark.usefixtures("registry")
def test_an_empty_registry_says_so(command: Command) -> None:
    assert command.run("versions") == (0, "No version is registered yet.\n", "")


@pytest.mark.usefixtures("account")
def test_without_a_deployment_it_says_what_to_do(command: Command) -> None:
    code, _, complaint = command.run("versions")
    assert code == 1
    assert "AWS_PROFILE, AWS_REGION" in complaint


def test_a_reader_that_has_seen_enough_is_no_failure(
    registry: Registry, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.register()
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w", encoding="utf-8") as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        code, _, error = command.run("versions")
    assert (code, error) == (0, "")
