"""[image]: which findings stop a release."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlops_stacks.settings import load_settings
from tests.unit.settings_files import VALID, edited, message_of

_SECTION = """\
[image]
scan_severity = "HIGH"
accepted_findings = ["CVE-2026-1", "TEMP-0000000-F7A20F"]
source_url = "https://git.example.com/iris"
"""


def test_critical_findings_stop_a_release_unless_told_otherwise(tmp_path: Path) -> None:
    assert load_settings(VALID).image.scan_severity == "HIGH"
    image = load_settings(edited(tmp_path, _SECTION, "")).image
    assert (image.scan_severity, image.accepted_findings, image.source_url) == ("CRITICAL", (), "")
    off = load_settings(edited(tmp_path, '"HIGH"', '"off"')).image
    assert off.scan_severity == "off"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('scan_severity = "high"', "image.scan_severity = 'high': Input should be 'LOW'"),
        ('accepted_findings = ["CVE 1"]', "image.accepted_findings.0 = 'CVE 1': a name such as"),
        ('source_url = "git@example.com"', "image.source_url = 'git@example.com': an address or"),
    ],
)
def test_a_wrong_value_is_told(tmp_path: Path, line: str, said: str) -> None:
    assert said in message_of(edited(tmp_path, _SECTION, f"[image]\n{line}\n"))


def test_hyperparameters_are_text_for_containers(tmp_path: Path) -> None:
    given = 'max_leaf_nodes = 5\nrate = 0.5\nfast = true\nname = "True"'
    model = load_settings(edited(tmp_path, "max_leaf_nodes = 5", given)).model
    assert model.hyperparameters_as_text == {
        "max_leaf_nodes": "5",
        "rate": "0.5",
        "fast": "true",
        "name": "True",
    }
