"""settings.toml: one clear line for each wrong field, and a model that nothing changes."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from mlops_stacks.constructs.log_retention import log_retention
from mlops_stacks.settings import (
    SETTINGS_FILE,
    Settings,
    load_settings,
)
from mlops_stacks.settings_fields import LOG_RETENTION_DAYS
from tests.unit.settings_files import ROOT, VALID, edited, message_of

_TAGS_OF_A_RELEASE = ("approval", "commit", "data", "evaluation", "version")


def test_the_projects_own_file_is_valid() -> None:
    # Its values are for people to choose; a wrong one, here or where SETTINGS says, stops here.
    assert SETTINGS_FILE == ROOT / "settings.toml"
    load_settings(SETTINGS_FILE)
    load_settings()


def test_the_tests_own_file_leaves_nothing_to_a_default() -> None:
    written = tomllib.loads(VALID.read_text(encoding="utf-8"))

    # Several environments are another deployment than one.
    assert set(written) == set(Settings.model_fields) - {"pipeline", "environments"}


def test_values_arrive_as_they_are_written() -> None:
    settings = load_settings(VALID)

    assert settings.model.name == "iris"
    assert dict(settings.model.hyperparameters) == {"max_leaf_nodes": 5}
    assert settings.source.exclude_paths == ("docs/**", "**.md")
    assert settings.approval.timeout_hours == 48
    assert settings.tags == {"application": "model-release"}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "connection_arn = ",
            "# connection_arn = ",
            'settings.toml: source: kind "connection" needs connection_arn',
        ),
        (
            '"example-org/example-model"',
            '"example-model"',
            'settings.toml: source: kind "connection" needs repository as "owner/name"',
        ),
        (
            'kind = "connection"',
            'kind = "codecommit"',
            'settings.toml: source: kind "codecommit" needs repository as a bare name',
        ),
        ('name = "iris"', "", "settings.toml: model.name is missing"),
        ("[transform]", "[transforms]", None),
        (
            "volume_gib = 10",
            "volume_gb = 10",
            "settings.toml: training.volume_gb is not a setting; remove it or correct its name",
        ),
    ],
)
def test_fields_that_do_not_fit_together_or_are_not_there_are_named(
    tmp_path: Path, old: str, new: str, expected: str | None
) -> None:
    message = message_of(edited(tmp_path, old, new))

    if expected:
        assert message == expected
    else:  # a section with a wrong name is both missing and unknown
        assert sorted(message.splitlines()) == [
            "settings.toml: transform is missing",
            "settings.toml: transforms is not a setting; remove it or correct its name",
        ]


@pytest.mark.parametrize(
    ("key", "value", "start"),
    [
        ("aws:owner", "ml", "tags.aws:owner: a key of 1 to 128 "),
        *((key, "ml", f"tags.{key}: a key of 1 to 128 ") for key in _TAGS_OF_A_RELEASE),
        ("", "ml", "tags.: a key of 1 to 128 "),
        ("k" * 129, "ml", f"tags.{'k' * 129}: a key of 1 to 128 "),
        ("team", "{% $x %}", "tags.team = '{% $x %}': at most 256 letters"),
        ("team", "v" * 257, f"tags.team = '{'v' * 257}': at most 256 letters"),
    ],
)
def test_tags_that_aws_would_refuse_are_named(
    tmp_path: Path, key: str, value: str, start: str
) -> None:
    path = edited(tmp_path, 'application = "model-release"', f'"{key}" = "{value}"')

    assert message_of(path).startswith(f"settings.toml: {start}")


def test_tags_keep_what_aws_takes(tmp_path: Path) -> None:
    path = edited(tmp_path, 'application = "model-release"', '"équipe: a/b=c+d-e@f_g" = ""')

    assert dict(load_settings(path).tags) == {"équipe: a/b=c+d-e@f_g": ""}


def test_each_of_several_wrong_fields_has_its_line(tmp_path: Path) -> None:
    text = VALID.read_text(encoding="utf-8")
    text = text.replace("keep_images = 30", "keep_images = 0").replace('"iam"', '"all"')
    path = tmp_path / "settings.toml"
    path.write_text(text, encoding="utf-8")

    lines = message_of(path).splitlines()

    assert len(lines) == 2
    assert {line.split(" = ")[0] for line in lines} == {
        "settings.toml: inference.access",
        "settings.toml: retention.keep_images",
    }


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert message_of(tmp_path / "none.toml").startswith("none.toml: no such file")


def test_a_file_that_is_no_toml_is_told_where(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("[model\n", encoding="utf-8")

    message = message_of(path)
    assert message.startswith("settings.toml: not valid TOML: ")
    assert "line 1" in message


def test_settings_cannot_be_changed() -> None:
    settings = load_settings(VALID)
    hyperparameters: Any = settings.model.hyperparameters

    with pytest.raises(ValidationError, match="frozen"):
        settings.approval.timeout_hours = 1
    with pytest.raises(TypeError):
        hyperparameters["max_leaf_nodes"] = 6


@pytest.mark.parametrize("days", LOG_RETENTION_DAYS)
def test_every_retention_that_the_settings_take_is_the_same_number_in_the_cdk(days: int) -> None:
    words = {
        1: "ONE_DAY",
        3: "THREE_DAYS",
        5: "FIVE_DAYS",
        7: "ONE_WEEK",
        14: "TWO_WEEKS",
        30: "ONE_MONTH",
        60: "TWO_MONTHS",
        90: "THREE_MONTHS",
        120: "FOUR_MONTHS",
        150: "FIVE_MONTHS",
        180: "SIX_MONTHS",
        365: "ONE_YEAR",
        400: "THIRTEEN_MONTHS",
        545: "EIGHTEEN_MONTHS",
        731: "TWO_YEARS",
        1096: "THREE_YEARS",
        1827: "FIVE_YEARS",
        2192: "SIX_YEARS",
        2557: "SEVEN_YEARS",
        2922: "EIGHT_YEARS",
        3288: "NINE_YEARS",
        3653: "TEN_YEARS",
    }

    assert log_retention(days).name == words[days]


def test_the_app_tells_a_wrong_field_and_nothing_else(tmp_path: Path) -> None:
    path = edited(tmp_path, "keep_images = 30", "keep_images = 0")

    # Given the way in which the CDK's command line hands over its context; and the Node beside
    # this Python, as another one may warn of its own age
    node = Path(sys.executable).parent
    run = subprocess.run(
        [sys.executable, str(ROOT / "app.py")],
        cwd=ROOT,
        env={
            **os.environ,
            "PATH": f"{node}{os.pathsep}{os.environ['PATH']}",
            "CDK_CONTEXT_JSON": f'{{"settings": "{path}"}}',
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert run.returncode == 1
    assert run.stderr.splitlines() == [
        "settings.toml: retention.keep_images = 0: Input should be greater than or equal to 10"
    ]
    assert run.stdout == ""
