"""Arbitrary HTTP requests to the approval page, and what must hold for the answer to each."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st
from shared.http import HttpResponse

from tests.unit.lambdas import events
from tests.unit.lambdas.approval_fakes import ADA, APPROVAL, GRACE, FakeApprovals, query_of

# Words that stand nowhere but in this approval.
SECRET = replace(
    APPROVAL,
    model_name="zebrafish",
    commit_id="c0ffee4242424242",
    approvers=(ADA, GRACE, "quokka@example.com"),
    committer="quokka@example.com",
)
SECRETS = ("zebrafish", "c0ffee42", "@example.com", "release-data", "virginica", SECRET.task_token)
PATH = {"approvalId": SECRET.approval_id}
QUERY = query_of(ADA, approval=SECRET)


def parts_of(query: str) -> dict[str, str]:
    """The parts of a link to the approval, by name."""
    return {**PATH, **dict(part.split("=") for part in query.split("&"))}


PARTS = parts_of(QUERY)

_SECURITY = (
    "cache-control",
    "content-security-policy",
    "content-type",
    "referrer-policy",
    "vary",
    "x-content-type-options",
)

# Lone surrogates too: JSON can spell them, UTF-8 cannot.
anything = st.text(st.characters(exclude_categories=()), max_size=20)
methods = st.sampled_from(["GET", "HEAD", "PUT", "DELETE", "get", "", "X\r\nY", *["POST"] * 5])
_types = st.sampled_from(
    ["application/json", "application/x-www-form-urlencoded", "Application/JSON; charset=x"]
)
_injections = st.sampled_from(["text/html\r\nset-cookie: a=b", "\n", "\x00", "application/json,*"])
_accepts = st.sampled_from(["application/json", "text/html", "*/*", ""])
headers = st.fixed_dictionaries(
    {},
    optional={
        "content-type": _types | anything | _injections,
        "accept": _accepts | anything | _injections,
        "Content-Type": anything,
        "x-forwarded-for": anything | _injections,
    },
)
_decisions = st.sampled_from(["approve", "reject", "Approve ", "", "decide"]) | anything
_fields = st.sampled_from(["decision", "decision", "reason", "name"]) | st.text(max_size=5)
_values = st.recursive(
    st.none() | st.booleans() | st.integers() | _decisions,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_fields, inner, max_size=2),
    max_leaves=3,
)


def form_of(pairs: Iterable[tuple[str, str]]) -> str:
    """Fields as a form or a query string."""
    return "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in pairs)


def _quoted(text: str) -> str:
    return quote(text, safe="", errors="replace")


_HUGE = (b"decision=approve&reason=" + b"a" * 20_000, b"[" * 20_000, b"a=1&" * 5_000)
bodies = st.one_of(
    st.binary(max_size=60),
    st.lists(st.tuples(_fields, _decisions), max_size=4).map(lambda pairs: form_of(pairs).encode()),
    st.dictionaries(_fields, _values, max_size=3).map(lambda v: json.dumps(v).encode()),
    st.sampled_from([b"decision=approve", b"decision=reject&reason=No", *_HUGE]),
)
# What API Gateway hands over: base64 or not, and things it never would.
encoded_bodies = st.one_of(
    bodies.map(lambda body: (base64.b64encode(body).decode(), True)),
    bodies.map(lambda body: (body.decode(errors="surrogateescape"), False)),
    st.tuples(anything, st.booleans()),
    st.just((None, True)),
)
_part = st.sampled_from(list(PARTS.values())) | anything
queries = st.one_of(
    st.text(max_size=60),
    st.lists(st.tuples(st.sampled_from(list(PARTS)) | anything, _part), max_size=5).map(form_of),
)


def request(
    *,
    method: str,
    path: Mapping[str, str],
    query: str,
    headers: Mapping[str, str],
    body: tuple[str | None, bool],
) -> dict[str, Any]:
    """An event of API Gateway with these parts."""
    event = events.load("http_approval_get")
    event["requestContext"]["http"]["method"] = method
    event["pathParameters"] = dict(path)
    event["rawQueryString"] = query
    event["headers"] = dict(headers)
    event["body"], event["isBase64Encoded"] = body
    return event


def check(
    response: HttpResponse, *, approvals: FakeApprovals, event: Mapping[str, Any], opens: bool
) -> None:
    """Assert what holds for every answer; *opens* says whether the link was right."""
    method = event["requestContext"]["http"]["method"].upper()
    assert 200 <= response.status < 500
    for name in _SECURITY:
        # JSON runs nothing and frames nothing, and says so as a page does.
        assert response.headers[name]
    assert not [value for value in response.headers.values() if set(value) & set("\r\n\0")]
    # API Gateway takes the answer as UTF-8 JSON.
    said = json.dumps(response.to_event(), ensure_ascii=False).encode().decode()
    changed = approvals.items[SECRET.approval_id] != SECRET
    assert changed == (approvals.writes == 1)
    if not opens:
        assert response.status >= 400
        assert not [secret for secret in SECRETS if secret in said]
        assert approvals.reads == 0
    if not opens or method != "POST":
        assert not changed
    if changed:
        assert response.status == 200
