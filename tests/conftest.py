"""Tests that need a program which not every machine has, and what none may depend on."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

_REQUIRED = "REQUIRE_ENGINE"
_MARKS = ("engine", "browser")
_ROOT = Path(__file__).resolve().parent.parent
# The gate that the pipeline runs (`make check`) passes whatever people put into these.
_GATE = tuple(_ROOT / "tests" / name for name in ("unit", "infrastructure", "snapshots"))
_OWN = (_ROOT / "settings.toml", _ROOT / "container" / "model.py", _ROOT / "container" / "sample")
_MAY_READ = "test_the_projects_own_file_is_valid"
_read: list[str] = []


def pytest_configure(config: pytest.Config) -> None:
    """Name the mark that this module adds."""
    config.addinivalue_line("markers", "browser: needs Chromium")
    own = tuple(map(str, _OWN))

    def note(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open" and str(arguments[0]).startswith(own):
            _read.append(str(arguments[0]))

    sys.addaudithook(note)


@pytest.fixture(autouse=True)
def _independent_of_peoples_own_files(request: pytest.FixtureRequest) -> Generator[None]:
    """A test of the gate that reads people's settings, model or data fails."""
    before = len(_read)
    yield
    gate = any(folder in request.path.parents for folder in _GATE)
    if gate and request.node.name != _MAY_READ:
        assert _read[before:] == [], "use tests/settings.toml and container/tests/sample_model"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With REQUIRE_ENGINE=1 a machine that lacks the program fails instead of skipping."""
    report = yield
    needs_program = any(item.get_closest_marker(mark) for mark in _MARKS)
    if report.skipped and needs_program and os.environ.get(_REQUIRED) == "1":
        report.outcome = "failed"
        report.longrepr = f"{_REQUIRED}=1 allows no skip, but: {report.longreprtext}"
    return report
