"""Several environments in settings.toml: each a whole of its own, checked as one."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlops_stacks.settings import load_settings
from mlops_stacks.settings_faults import SettingsError
from tests.unit.settings_files import VALID, message_of

_PIPELINE = """
[pipeline]
account = "111111111111"
region = "eu-central-1"
"""
_TWO = """
[[environments]]
name = "dev"
account = "222222222222"
notifications.approvers = []
approval.approvals_required = 0

[environments.endpoint.serverless]
memory_mib = 2048

[[environments]]
name = "prod"
gate.thresholds.accuracy = 0.9
"""


def _file(folder: Path, text: str) -> Path:
    path = folder / "settings.toml"
    path.write_text(VALID.read_text(encoding="utf-8") + text, encoding="utf-8")
    return path


def test_an_environment_is_the_common_settings_with_its_own_laid_over(tmp_path: Path) -> None:
    dev, prod = load_settings(_file(tmp_path, _PIPELINE + _TWO)).deployed

    assert dev.notifications.approvers == ()
    assert dev.notifications.operations == ("operations@example.com", "ada@example.com")
    assert dev.approval.approvals_required == 0
    assert dev.endpoint.serverless
    assert dev.endpoint.instance_type is None
    assert dev.endpoint.alarms == prod.endpoint.alarms
    assert prod.endpoint.instance_type == "ml.m5.xlarge"
    assert dict(prod.gate.thresholds) == {"accuracy": 0.9}
    assert dict(prod.gate.allowed_regression) == {"accuracy": 0.02}
    assert dev.training == prod.training


def test_names_carry_the_environment_and_the_pipeline_has_one_name(tmp_path: Path) -> None:
    settings = load_settings(_file(tmp_path, _PIPELINE + _TWO))
    dev, prod = settings.deployed

    assert [one.names.model for one in (dev, prod)] == ["iris-dev", "iris-prod"]
    assert dev.names.foundation_stack == "iris-Dev-Foundation"
    assert {one.names.pipeline for one in (settings, dev, prod)} == {"iris-pipeline"}


def test_the_others_know_the_first_and_the_first_knows_the_others(tmp_path: Path) -> None:
    dev, prod = (one.place for one in load_settings(_file(tmp_path, _PIPELINE + _TWO)).deployed)

    assert dev
    assert prod
    assert prod.first
    assert (dev.account, prod.account) == ("222222222222", "111111111111")
    assert prod.first.bucket == dev.bucket == "iris-dev-data-222222222222-eu-central-1"
    assert [later.bucket for later in dev.later] == [prod.bucket]
    assert dev.first is None
    assert prod.later == ()


def test_without_environments_there_is_the_one_as_ever() -> None:
    settings = load_settings(VALID)

    assert settings.deployed == (settings,)
    assert settings.for_environment("production") is settings.for_environment("") is settings
    assert settings.place is None
    assert settings.names.release_stack == "iris-Production-Release"


@pytest.mark.parametrize("name", ["", "production", "test"])
def test_an_environment_that_is_not_there_is_refused(tmp_path: Path, name: str) -> None:
    settings = load_settings(_file(tmp_path, _PIPELINE + _TWO))

    with pytest.raises(SettingsError, match="one of dev, prod is allowed"):
        settings.for_environment(name)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (_TWO, "pipeline is missing: [[environments]] need its account and region"),
        (_PIPELINE, "pipeline: only with [[environments]] is it allowed"),
        (
            _PIPELINE.replace('"111111111111"', "111111111111") + _TWO,
            "pipeline.account = 111111111111: Input should be a valid string",
        ),
        (
            _PIPELINE + _TWO.replace('"prod"', '"production"'),
            "environments.1.name = 'production': 2 to 8 lower-case letters",
        ),
        (
            _PIPELINE + _TWO.replace('"prod"', '"release"'),
            "beginning with a letter, but not events or release, is allowed",
        ),
        (_PIPELINE + _TWO.replace('"prod"', '"dev"'), "each name only once is allowed"),
        (
            _PIPELINE + _TWO.replace("account = ", "training.spot = true\naccount = "),
            "environments.0.training is not a setting",
        ),
        (
            _PIPELINE + _TWO.replace("accuracy = 0.9", "accuracy = 9"),
            "environments.prod: gate.thresholds.accuracy = 9: from 0 up to 1 is allowed",
        ),
        (
            _PIPELINE + _TWO.replace("approvals_required = 0", "approvals_required = 1"),
            "environments.dev: notifications.approvers = []: at least 1 is allowed",
        ),
        (
            _PIPELINE + _TWO.replace("memory_mib = 2048", "memory_mib = 3"),
            "environments.dev: endpoint.serverless.memory_mib = 3: ",
        ),
    ],
)
def test_what_is_wrong_is_told_by_environment(tmp_path: Path, text: str, complaint: str) -> None:
    message = message_of(_file(tmp_path, text))

    assert len(message.splitlines()) == 1
    assert message.startswith("settings.toml: ")
    assert complaint in message


def test_a_long_model_name_leaves_no_room_for_an_environment(tmp_path: Path) -> None:
    path = _file(tmp_path, _PIPELINE + _TWO)
    text = path.read_text(encoding="utf-8").replace('name = "iris"', f'name = "{"m" * 16}"')
    path.write_text(text, encoding="utf-8")

    assert "have at most 20 characters" in message_of(path)
