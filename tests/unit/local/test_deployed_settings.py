"""Verbs after `make up` go by the settings file that it has deployed."""

from __future__ import annotations

from pathlib import Path

import pytest

from local import deployed_settings
from local.terminal import LocalError
from mlops_stacks.settings import SETTINGS_FILE, settings_file

_ROOT = Path(__file__).resolve().parents[3]
_OTHER = "tests/settings.toml"


@pytest.mark.parametrize("given", ["", _OTHER])
def test_what_is_deployed_holds_for_later_verbs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.setenv("SETTINGS", given)
    assert deployed_settings.remember(tmp_path) == (given or SETTINGS_FILE.name)
    monkeypatch.setenv("SETTINGS", "")
    deployed_settings.use(tmp_path)
    assert settings_file() == _ROOT / (given or SETTINGS_FILE.name)


def test_the_same_file_by_another_name_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SETTINGS", _OTHER)
    deployed_settings.remember(tmp_path)
    monkeypatch.setenv("SETTINGS", str(_ROOT / "docs" / ".." / _OTHER))
    deployed_settings.use(tmp_path)
    assert settings_file() == _ROOT / _OTHER


def test_other_settings_than_the_deployed_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SETTINGS", "")
    deployed_settings.remember(tmp_path)
    monkeypatch.setenv("SETTINGS", _OTHER)
    with pytest.raises(LocalError, match=r"settings\.toml is deployed"):
        deployed_settings.use(tmp_path)


def test_where_nothing_is_deployed_nothing_is_decided(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SETTINGS", _OTHER)
    deployed_settings.use(tmp_path)
    assert settings_file() == _ROOT / _OTHER
