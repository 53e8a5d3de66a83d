"""The approval page and the inbox in a real browser."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from local.release import Release
from tests.e2e.system import System
from tests.e2e.web import look, submit

pytestmark = pytest.mark.browser
_NAMES = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True, kw_only=True)
class Visit:
    """What a browser made of a page: its document, and what its console says."""

    document: str
    console: list[str]


Open = Callable[[str], Visit]


@pytest.fixture
def visit(tmp_path: Path) -> Open:
    """Opens an address in a browser without a window."""
    program = next(filter(None, map(shutil.which, _NAMES)), None)
    if program is None:
        pytest.skip("no Chromium on PATH: install it to test the page in a browser")

    def open_it(url: str) -> Visit:
        opened = subprocess.run(
            [
                *[program, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"],
                *["--disable-dev-shm-usage", "--enable-logging=stderr", "--log-level=0"],
                *[f"--user-data-dir={tmp_path / 'profile'}", url],
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        console = [line for line in opened.stderr.splitlines() if "CONSOLE" in line]
        return Visit(document=opened.stdout, console=console)

    return open_it


def test_the_page_opens_without_a_complaint_and_decides_nothing(
    visit: Open, waiting: Release
) -> None:
    link = waiting.wait_for_approval_link()
    page = visit(link)
    assert page.console == []
    for part in ("Confusion matrix", "Approve and release", "virginica"):
        assert part in page.document
    assert look(link)["decision"] is None
    # What a person typed is shown as text, whatever it is.
    submit(link, decision="reject", reason="<img src=x onerror=alert(1)>", name="<b>Ada</b>")
    decided = visit(link)
    assert decided.console == []
    assert "&lt;img src=x" in decided.document
    assert "<b>Ada" not in decided.document


def test_a_violation_would_be_seen(visit: Open, tmp_path: Path) -> None:
    # Guards the tests above: a page that breaks its own policy does reach the console.
    page = tmp_path / "bad.html"
    policy = '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'">'
    page.write_text(f"<!doctype html>{policy}<style>p {{ color: red }}</style>", encoding="utf-8")
    assert visit(page.as_uri()).console != []


@pytest.mark.usefixtures("waiting")
def test_the_inbox_shows_the_mail_with_its_link(visit: Open, system: System) -> None:
    page = visit(system.cloud.inbox_url)
    assert page.console == []
    assert "Approve iris model" in page.document
    assert f'<a href="{system.cloud.inbox_url}/_aws/execute-api/' in page.document
