"""How `make release` decides by itself: over the approvers' own links, as many as are needed."""

from __future__ import annotations

from email.message import Message
from urllib.error import HTTPError

import pytest

from local import show
from local.release import Release
from local.terminal import LocalError

_LINKS = {"ada@example.com": "a", "grace@example.com": "b", "edsger@example.com": "c"}


class Page:
    """An approval page: some links may not approve, some approvals are needed."""

    def __init__(self, *, needed: int, barred: tuple[str, ...] = ()) -> None:
        self.votes: list[tuple[str, str]] = []
        self._needed, self._barred = needed, barred

    def decide(self, link: str, *, decision: str, reason: str) -> str:
        """Take a vote."""
        assert reason
        if link in self._barred and decision == "approve":
            raise HTTPError(link, 403, "Forbidden", Message(), None)
        self.votes.append((link, decision))
        return "<html>"

    def get_state(self, _link: str) -> dict[str, object]:
        """What a program sees."""
        if any(decision == "reject" for _, decision in self.votes):
            return {"status": "REJECTED", "approvalsRequired": self._needed}
        settled = len(self.votes) >= self._needed
        return {
            "status": "APPROVED" if settled else "PENDING",
            "approvalsRequired": self._needed,
        }

    def get_page(self, _link: str) -> str:
        """What a person sees."""
        return "<html>"


class Asked(Release):
    """A release that has asked."""

    def __init__(self, links: dict[str, str], *, running: bool = True) -> None:
        self._links, self._running = links, running

    def approval_links(self) -> dict[str, str]:
        """The mailed links."""
        return self._links

    def is_running(self) -> bool:
        """Whether it waits."""
        return self._running

    def mails(self) -> list[dict[str, str]]:
        """The mails."""
        return [
            {"to": address, "subject": "Approve?", "body": f"Here: {link}"}
            for address, link in self._links.items()
        ]


def _approve(
    monkeypatch: pytest.MonkeyPatch, page: Page, release: Asked, decision: str
) -> list[tuple[str, str]]:
    for name in ("decide", "get_state", "get_page"):
        monkeypatch.setattr(show, name, getattr(page, name))
    show._approve(release, decision)
    return page.votes


@pytest.mark.parametrize(
    ("page", "decision", "votes"),
    [
        (Page(needed=1), "approve", [("a", "approve")]),
        (Page(needed=2), "approve", [("a", "approve"), ("b", "approve")]),
        (Page(needed=2, barred=("a",)), "approve", [("b", "approve"), ("c", "approve")]),
        (Page(needed=3), "reject", [("a", "reject")]),
    ],
)
def test_as_many_vote_as_are_needed(
    monkeypatch: pytest.MonkeyPatch, page: Page, decision: str, votes: list[tuple[str, str]]
) -> None:
    assert _approve(monkeypatch, page, Asked(_LINKS), decision) == votes


def test_too_few_who_may_approve_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    page = Page(needed=3, barred=("b",))
    with pytest.raises(LocalError, match=r"(?s)decided nothing.*grace@example\.com: 403"):
        _approve(monkeypatch, page, Asked(_LINKS), "approve")


def test_a_person_is_shown_every_link(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _approve(monkeypatch, Page(needed=2), Asked(_LINKS), "") == []
    said = capsys.readouterr().out
    assert "Approvals needed: 2. One rejection rejects." in said
    for address, link in _LINKS.items():
        assert f"as {address}: {link}" in said


def test_a_run_that_ends_instead_of_asking_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert _approve(monkeypatch, Page(needed=1), Asked({}, running=False), "approve") == []


@pytest.mark.parametrize(
    ("held_out", "rows"),
    [
        ("a,1,2\na,3,4\n\nb,5,6\nc,7,8\n", ("1,2", "5,6")),
        ('"a, b",1,2\nc,3,4', ("1,2", "3,4")),
        ("a,1,2\na,3,4\n", ("1,2",)),
        ("", ("9,9",)),
    ],
)
def test_the_live_model_is_asked_held_out_rows(held_out: str, rows: tuple[str, ...]) -> None:
    assert show._rows_to_ask(held_out, "9,9") == rows
