"""Reasons of any characters, through the page into the table: kept as they are shown."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from urllib.parse import quote_from_bytes

from answer_approval.handler import Resources, respond
from answer_approval.submission import MAX_REASON_CHARACTERS
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from shared.approvals import Vote
from shared.approvals_table import ApprovalsTable

from tests.unit.lambdas import approval_table, events
from tests.unit.lambdas.approval_fakes import ADA, APPROVAL, FORM, KEY, NOW, query_of

_JSON = {"content-type": "application/json"}
# Lone surrogates and what has no meaning too.
_ANY = st.text(st.characters(exclude_categories=()), max_size=60)
_AWKWARD = st.text(
    st.sampled_from(
        "a <>&\"'\r\n\t\x00\x0b\x1b\x85\xa0\u200b\u202e\u2066\u2028\ud800\udfff\ufffe😀é"
    ),
    max_size=30,
)
_LONG = st.builds(lambda text, times: text * times, _AWKWARD, st.integers(1, 200))
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")


def _body(reason: str, *, decision: str, as_json: bool) -> bytes:
    if as_json:
        # JSON can spell a lone surrogate.
        return json.dumps({"decision": decision, "reason": reason}).encode()
    # A form cannot: its bytes are no UTF-8 then.
    typed = quote_from_bytes(reason.encode(errors="surrogatepass"))
    return f"decision={decision}&reason={typed}".encode()


def _shown(page: str) -> list[str]:
    return [html.unescape(text) for text in re.findall(r'(?s)<div class="quote">(.*?)</div>', page)]


def _post_and_look(
    table: ApprovalsTable, *, number: int, body: bytes, as_json: bool
) -> tuple[int, tuple[Vote, ...]]:
    """Post to an approval of its own: the status and the votes kept, which both looks show."""
    approval = replace(APPROVAL, approval_id=f"{number:032x}")
    table.record(approval)
    resources = Resources(approvals=table, key=KEY, files=lambda _: ())
    path, query = {"approvalId": approval.approval_id}, query_of(ADA, approval=approval)
    posted = events.http(
        "http_approval_post_form",
        headers=_JSON if as_json else FORM,
        body=body,
        path_parameters=path,
        query=query,
    )
    status = respond(posted, resources=resources, now=NOW).status
    kept = table.get(approval.approval_id)
    assert kept is not None
    reasons = [vote.reason for vote in kept.votes]
    for accept in ("text/html", "application/json"):
        looked = events.http(
            "http_approval_get", headers={"accept": accept}, path_parameters=path, query=query
        )
        page = respond(looked, resources=resources, now=NOW).body
        if accept == "text/html":
            assert _shown(page) == [reason for reason in reasons if reason]
        else:
            assert [vote["reason"] for vote in json.loads(page)["votes"]] == reasons
    return status, kept.votes


def test_whatever_the_reason_is_it_is_kept_as_it_is_shown_or_refused() -> None:
    statuses: list[int] = []

    # Given an approval that waits, and any reason
    @settings(
        max_examples=300,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(
        reason=_ANY | _AWKWARD | _LONG,
        decision=st.sampled_from(["approve", "reject"]),
        as_json=st.booleans(),
    )
    @example(reason="x" * MAX_REASON_CHARACTERS, decision="reject", as_json=True)
    @example(reason="x" * (MAX_REASON_CHARACTERS + 1), decision="reject", as_json=True)
    @example(reason="\ud800", decision="reject", as_json=True)
    def check(reason: str, decision: str, as_json: bool) -> None:
        # When it is posted
        body = _body(reason, decision=decision, as_json=as_json)
        status, votes = _post_and_look(table, number=len(statuses), body=body, as_json=as_json)
        statuses.append(status)
        # Then it is taken whole, without what nobody can see, or refused and nothing is kept
        assert status == 200 or 400 <= status < 500
        assert len(votes) == (status == 200)
        for vote in votes:
            assert not _UNSEEN.search(vote.reason)
            assert len(vote.reason) <= MAX_REASON_CHARACTERS
            if decision == "reject":
                assert vote.reason
            if reason.isprintable() and as_json:
                assert vote.reason == reason.strip()

    with approval_table.emulated() as table:
        check()
    # And both happened
    assert statuses.count(200) > 100
    assert statuses.count(400) > 10
