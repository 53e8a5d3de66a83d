"""The approval page and the inbox in a real browser, as a person uses them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.release import Release
from tests.e2e.browser import Browser
from tests.e2e.system import ADA, System
from tests.e2e.web import ask, look

pytestmark = pytest.mark.browser


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    """A browser."""
    with Browser.opened(tmp_path / "profile") as opened:
        opened.see_as(width=1200)
        yield opened


@pytest.fixture
def shots(tmp_path: Path) -> Path:
    """Where screenshots go; SCREENSHOTS names a folder to keep them in."""
    folder = Path(os.environ.get("SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _open_from_inbox(browser: Browser, system: System, link: str) -> None:
    """Go to the inbox and click the link there."""
    browser.open(system.cloud.inbox_url)
    browser.click(f'a[href="{link}"]')
    browser.arrive(link)


def test_a_person_opens_the_link_is_asked_for_a_reason_and_approves(
    browser: Browser, system: System, waiting: Release, shots: Path
) -> None:
    # Given the page, opened from the inbox
    link = waiting.approval_links()[ADA]
    _open_from_inbox(browser, system, link)
    for part in ("Confusion matrix", "Mistakes", "Prediction files", "virginica", ADA):
        assert part in browser.text
    assert look(link)["votes"] == []
    # Then it can be read in light, dark, and on a phone
    for name, width, dark in (
        ("light", 1200, False),
        ("dark", 1200, True),
        ("phone", 360, False),
        ("phone-dark", 360, True),
    ):
        browser.see_as(width=width, dark=dark)
        browser.screenshot(shots / f"approval-{name}.png")
        assert browser.value("document.documentElement.scrollWidth") <= width, "scrolls sideways"
        assert _contrast(browser) >= 4.5
    # When the person rejects without a reason, then that is refused
    browser.click("button.reject")
    browser.wait_until_loaded()
    assert "Give a reason to reject" in browser.text
    browser.screenshot(shots / "approval-refused.png")
    assert look(link)["votes"] == []
    # When the person approves, then the page says so, also when it is opened again
    browser.click("#reason")
    browser.type("Good <b>enough</b>")
    browser.click('button[value="approve"]')
    browser.wait_until_loaded()
    assert f"{ADA} approved this model on " in browser.text
    browser.screenshot(shots / "approval-decided.png")
    _open_from_inbox(browser, system, link)
    assert f"{ADA} approved this model on " in browser.text
    assert "Good <b>enough</b>" in browser.text, "typed text is shown as text"
    assert browser.value("document.forms.length") == 0
    outcome = system.ended(waiting)
    assert outcome.output["decision"]["reason"] == "Good <b>enough</b>"
    # And the console had nothing to say but that one request was refused
    [complaint] = browser.complaints
    assert "status of 400" in complaint


def test_the_keyboard_is_enough(browser: Browser, waiting: Release) -> None:
    link = waiting.approval_links()[ADA]
    browser.open(link)
    # Given Tab pressed until the reason has the focus
    _tab_to(browser, "document.activeElement.id === 'reason'")
    browser.type("Too weak on setosa")
    # When Tab goes on to the button that rejects, and Enter presses it
    _tab_to(browser, "document.activeElement.value === 'reject'")
    assert browser.value("getComputedStyle(document.activeElement).outlineStyle") != "none"
    browser.press("Enter")
    browser.wait_until_loaded()
    # Then it is rejected
    assert f"{ADA} rejected this model on " in browser.text
    assert look(link)["reason"] == "Too weak on setosa"


def test_the_prediction_file_opens_without_a_warning(browser: Browser, waiting: Release) -> None:
    browser.open(waiting.approval_links()[ADA])
    link = "document.querySelector('a[href*=\"X-Amz-Signature\"]')"
    assert set(browser.value(f"{link}.rel").split()) >= {"noreferrer", "noopener"}
    address = browser.value(f"{link}.href")
    assert address.startswith("http://127.0.0.1:"), "TLS would bring a warning"
    assert len(ask("GET", address).text.splitlines()) == 30
    assert browser.complaints == []


def test_a_violation_would_be_seen(browser: Browser, tmp_path: Path) -> None:
    # Guards the tests above: a page that breaks its own policy does reach the console.
    page = tmp_path / "bad.html"
    policy = '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'">'
    page.write_text(f"<!doctype html>{policy}<style>p {{ color: red }}</style>", encoding="utf-8")
    browser.open(page.as_uri())
    assert browser.complaints != []


def _tab_to(browser: Browser, condition: str) -> None:
    for _ in range(60):
        browser.press("Tab")
        if browser.value(condition):
            return
    raise AssertionError(f"Tab never gets to where {condition}")


# https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio: the lowest of all texts on their grounds.
_LOWEST_CONTRAST = """
(() => {
  const rgb = text => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const ground = element => {
    for (let e = element; e; e = e.parentElement) {
      const color = rgb(getComputedStyle(e).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  let lowest = 21;
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || element.closest("svg")) continue;
    const [a, b] = [light(rgb(getComputedStyle(element).color)), light(ground(element))];
    lowest = Math.min(lowest, (Math.max(a, b) + .05) / (Math.min(a, b) + .05));
  }
  return lowest;
})()
"""


def _contrast(browser: Browser) -> float:
    return float(browser.value(_LOWEST_CONTRAST))
