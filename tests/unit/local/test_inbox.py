"""The inbox: what programs and browsers get of it."""

from __future__ import annotations

import json
import threading
from datetime import datetime, timedelta

from local.cloud.inbox import Inbox


def test_programs_get_every_mail_oldest_first() -> None:
    inbox = Inbox()
    for number in range(3):
        inbox.deliver(to="ada@example.com", subject=f"Mail {number}", body="Grüße\n")
    mails = json.loads(inbox.as_json())
    assert [mail["subject"] for mail in mails] == ["Mail 0", "Mail 1", "Mail 2"]
    assert set(mails[0]) == {"to", "subject", "body", "receivedAt"}
    assert mails[0]["body"] == "Grüße\n"
    assert datetime.fromisoformat(mails[0]["receivedAt"]).utcoffset() == timedelta(0)


def test_a_browser_gets_text_as_text_and_links_as_links() -> None:
    inbox = Inbox()
    link = "http://127.0.0.1:5/a?b=1&c=2"
    inbox.deliver(
        to="<ada>", subject="<script>alert(1)</script>", body=f'<b>Look</b>\n\n{link}\n"quoted"'
    )
    page = inbox.as_page().decode()
    assert "<script>" not in page
    assert "<b>" not in page
    assert "To &lt;ada&gt;" in page
    escaped = link.replace("&", "&amp;")
    assert f'<a href="{escaped}">{escaped}</a>\n"quoted"' in page


def test_a_link_cannot_break_out_of_its_attribute() -> None:
    inbox = Inbox()
    inbox.deliver(to="a", subject="s", body='http://x/" onmouseover="alert(1) http://y/<b>')
    page = inbox.as_page().decode()
    assert '<a href="http://x/">http://x/</a>" onmouseover' in page
    assert "<b>" not in page


def test_an_empty_inbox_says_so() -> None:
    assert "No mail yet" in Inbox().as_page().decode()
    assert json.loads(Inbox().as_json()) == []


def test_many_threads_lose_no_mail() -> None:
    inbox = Inbox()

    def deliver() -> None:
        for _ in range(50):
            inbox.deliver(to="a", subject="s", body="b")

    threads = [threading.Thread(target=deliver) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(json.loads(inbox.as_json())) == 400
