"""Tests that need a program which not every machine has."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest

_REQUIRED = "REQUIRE_ENGINE"
_MARKS = ("engine", "browser")


def pytest_configure(config: pytest.Config) -> None:
    """Name the mark that this module adds."""
    config.addinivalue_line("markers", "browser: needs Chromium")


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
