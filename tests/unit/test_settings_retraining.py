"""[retraining]: when new data or time start a release."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlops_stacks.settings import Settings, load_settings
from tests.unit.settings_files import VALID, message_of


def _file(folder: Path, *lines: str) -> Path:
    text = VALID.read_text(encoding="utf-8")
    start, end = text.index("[retraining]"), text.index("[retention]")
    path = folder / "settings.toml"
    section = "\n".join(["[retraining]", *lines])
    path.write_text(f"{text[:start]}{section}\n\n{text[end:]}", encoding="utf-8")
    return path


def _load(folder: Path, *lines: str) -> Settings:
    return load_settings(_file(folder, *lines))


def test_nothing_but_commits_starts_releases_unless_it_is_wanted(tmp_path: Path) -> None:
    retraining = load_settings(VALID).retraining

    assert (retraining.on_new_data, retraining.schedule, retraining.wanted) == (False, "", False)
    assert not _load(tmp_path, "wait_minutes = 1").retraining.wanted


@pytest.mark.parametrize("line", ["on_new_data = true", 'schedule = "rate(1 day)"'])
def test_data_and_time_are_wanted_each_for_itself(tmp_path: Path, line: str) -> None:
    retraining = _load(tmp_path, line).retraining

    assert retraining.wanted
    assert retraining.wait_minutes == 10


@pytest.mark.parametrize(
    "schedule",
    [
        "rate(1 hour)",
        "rate(12 hours)",
        "rate(100 days)",
        "cron(0 6 ? * MON *)",
        "cron(0/30 8-18 1,15 * ? 2027-2029)",
        "cron(0 6 L * ? *)",
        "cron(0 6 ? * 6#3 *)",
    ],
)
def test_a_schedule_is_written_as_eventbridge_takes_it(tmp_path: Path, schedule: str) -> None:
    assert _load(tmp_path, f'schedule = "{schedule}"').retraining.schedule == schedule


@pytest.mark.parametrize(
    "schedule",
    [
        "rate(1 days)",
        "rate(2 day)",
        "rate(0 days)",
        "rate(5 minutes)",
        "rate(7days)",
        "cron(0 6 * * MON *)",
        "cron(0 6 ? * ? *)",
        "cron(0 6 ? * MON)",
        "0 6 * * 1",
        "weekly",
        "at(2027-01-01T00:00:00)",
    ],
)
def test_any_other_schedule_is_refused(tmp_path: Path, schedule: str) -> None:
    assert message_of(_file(tmp_path, f'schedule = "{schedule}"')) == (
        f"settings.toml: retraining.schedule = '{schedule}': a rate in hours or days such as "
        '"rate(7 days)", a cron expression of six fields in UTC such as "cron(0 6 ? * MON *)", '
        'or "" is allowed'
    )


@pytest.mark.parametrize("minutes", [0, 16])
def test_a_queue_delays_for_a_quarter_of_an_hour_at_most(tmp_path: Path, minutes: int) -> None:
    text = message_of(_file(tmp_path, f"wait_minutes = {minutes}"))

    assert text.startswith(f"settings.toml: retraining.wait_minutes = {minutes}: ")
