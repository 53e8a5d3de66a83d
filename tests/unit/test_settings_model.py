"""`[model] folder` and the variable SETTINGS: which model, and by which settings file."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mlops_stacks import settings as module
from mlops_stacks.settings import load_settings, path_in_repository, settings_file
from tests.unit.settings_files import ROOT, VALID, edited, message_of

_NAME = 'name = "iris"'
_MODEL = "container/tests/sample_model"  # a folder with a model.py


def _with_folder(folder: Path, value: str) -> Path:
    return edited(folder, _NAME, f'{_NAME}\nfolder = "{value}"')


def test_the_model_is_the_containers_unless_another_is_named(tmp_path: Path) -> None:
    assert load_settings(VALID).model.folder == "container"
    assert load_settings(_with_folder(tmp_path, _MODEL)).model.folder == _MODEL


@pytest.mark.parametrize(
    ("folder", "allowed"),
    [
        ("../elsewhere", "a folder of the repository is allowed, by its path in it"),
        ("/etc", "a folder of the repository is allowed, by its path in it"),
        ("container/", "a folder of the repository is allowed, by its path in it"),
        ("a;b", "a folder of the repository is allowed, by its path in it"),
        ("", "a folder of the repository is allowed, by its path in it"),
        ("models/nothing", "a folder with a model.py is allowed, and there is none"),
        ("docs", "a folder with a model.py is allowed, and there is none"),
    ],
)
def test_what_is_no_model_of_the_repository_is_named(
    tmp_path: Path, folder: str, allowed: str
) -> None:
    message = message_of(_with_folder(tmp_path, folder))
    assert message.startswith(f"settings.toml: model.folder = '{folder}': {allowed}")
    assert len(message.splitlines()) == 1


def test_another_settings_file_is_named_by_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SETTINGS", raising=False)
    assert settings_file() == ROOT / "settings.toml"
    monkeypatch.setenv("SETTINGS", "tests/settings.toml")
    monkeypatch.chdir("/")
    assert settings_file() == VALID
    assert load_settings() == load_settings(VALID)


def test_a_variable_that_names_no_file_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SETTINGS", "nothing.toml")
    message = message_of(settings_file())
    assert message.startswith("nothing.toml: no such file;")
    assert message.endswith(f"correct what SETTINGS names: {ROOT / 'nothing.toml'}")


def test_the_pipeline_is_told_of_files_in_the_repository_only(tmp_path: Path) -> None:
    assert path_in_repository(VALID) == "tests/settings.toml"
    assert path_in_repository(ROOT / "tests" / ".." / "settings.toml") is None
    assert path_in_repository(tmp_path / "settings.toml") is None


def _printed(settings: Path, *, then: str) -> subprocess.CompletedProcess[str]:
    command = f'variables=$("$0" -m mlops_stacks.image_variables) && eval "$variables" && {then}'
    return subprocess.run(
        ["bash", "-c", command, sys.executable],
        cwd=ROOT,
        env={**os.environ, "SETTINGS": str(settings)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_shell_reads_what_the_image_is_to_be(tmp_path: Path) -> None:
    given = edited(tmp_path, "max_leaf_nodes = 5", 'text = "it\'s $HOME"')
    then = 'printf "%s|" "$MODEL_FOLDER" "$MODEL_TASK" "$HYPERPARAMETERS" "$SCAN_ACCEPTED"'
    done = _printed(given, then=then)
    assert done.stdout.split("|")[:4] == [
        "container",
        "classification",
        '{"text": "it\'s $HOME"}',
        "CVE-2026-1 TEMP-0000000-F7A20F",
    ]
    wrong = _printed(edited(tmp_path, _NAME, 'name = "I"'), then="echo went on")
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert wrong.stderr.startswith("settings.toml: model.name = 'I'")


def test_a_fault_names_the_file_of_a_model_by_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ROOT", tmp_path)
    path = tmp_path / "models/mine/settings.toml"
    path.parent.mkdir(parents=True)
    path.write_text("[model", encoding="utf-8")
    assert message_of(path).startswith("models/mine/settings.toml: not valid TOML: ")
