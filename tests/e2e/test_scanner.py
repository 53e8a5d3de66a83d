"""A mail scanner follows every link, again and again: nothing happens."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from local.release import Release
from tests.e2e.system import ADA, APPROVERS, System
from tests.e2e.web import Answer, ask, links_in

_REQUESTS = 1000
_AT_ONCE = 8
_HELD_OUT_ROWS = 30  # of the sample data


def _leads_here(url: str, system: System) -> bool:
    """Whether a link leads to this machine; others lead to AWS's own console."""
    return url.startswith(system.cloud.inbox_url)


def test_a_thousand_visits_of_all_links_change_nothing(system: System, waiting: Release) -> None:
    # Given every link in the mails of a release that waits, and every link on their pages
    mailed = [url for mail in waiting.mails() for url in links_in(mail["body"])]
    pages = {url: ask("GET", url).text for url in waiting.approval_links().values()}
    on_pages = [url for page in pages.values() for url in links_in(page)]
    links = [url for url in dict.fromkeys([*mailed, *on_pages]) if _leads_here(url, system)]
    assert len([url for url in links if "/approvals/" in url]) == len(APPROVERS)
    assert any("X-Amz-Signature" in url for url in links)
    before, endpoint = system.approval(waiting), system.endpoint()
    # When a scanner looks at all of them, in both ways, a thousand times
    visits = [("HEAD" if n % 2 else "GET", links[n // 2 % len(links)]) for n in range(_REQUESTS)]

    def visit(number: int) -> Answer:
        method, url = visits[number]
        return ask(method, url, headers={"User-Agent": "scanner", "Accept": "*/*"})

    with ThreadPoolExecutor(_AT_ONCE) as scanner:
        answers = list(scanner.map(visit, range(_REQUESTS)))
    # Then every page and file was shown, and nothing has changed: table, run, endpoint, mail, page
    seen = {(method, "X-Amz-Signature" in url) for method, url in visits}
    assert len(seen) == 4, "pages and files, in both ways"
    for (method, url), answer in zip(visits, answers, strict=True):
        if "/approvals/" in url:
            assert (answer.status, bool(answer.text)) == (200, method == "GET")
            assert answer.headers["cache-control"] == "no-store"
        if "X-Amz-Signature" in url:
            # S3's signature covers the method: a link made for GET is refused as HEAD.
            expected = (200, _HELD_OUT_ROWS) if method == "GET" else (403, 0)
            assert (answer.status, len(answer.text.splitlines())) == expected
    assert system.approval(waiting) == before
    assert waiting.outcome().status == "RUNNING"
    assert system.endpoint() == endpoint
    assert len(waiting.mails()) == len(APPROVERS)
    for url, page in pages.items():
        assert _without_links(ask("GET", url).text) == _without_links(page)
    # And a person can still decide
    assert "<form" in ask("GET", waiting.approval_links()[ADA]).text


def _without_links(page: str) -> str:
    """A page without its links to S3, which are made anew at each look, and their end."""
    kept = [line for line in page.splitlines() if "X-Amz-Signature" not in line]
    return "\n".join(line for line in kept if not line.startswith("until "))
