"""Ten thousand requests to the approval page: no 5xx, and no decision without a valid link."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.lambdas import approval_requests as requests
from tests.unit.lambdas.approval_fakes import ADA, Api, HmacKey, query_of

_MANY = {
    "derandomize": True,
    "deadline": None,
    "database": None,
    "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
}
_PATHS = st.sampled_from([requests.PATH, {}]) | st.fixed_dictionaries(
    {"approvalId": st.text(max_size=40)}
)


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten thousand log lines tell nobody anything."""
    monkeypatch.setattr("answer_approval.handler.log_event", lambda *_args, **_fields: None)
    monkeypatch.setattr("answer_approval.decisions.log_event", lambda *_args, **_fields: None)


def _send(event: Mapping[str, object], *, opens: bool) -> Api:
    api = Api(requests.SECRET)
    response = api.send(event)
    requests.check(response, approvals=api.approvals, event=event, opens=opens)
    return api


@settings(max_examples=4000, **_MANY)  # type: ignore[arg-type]
@given(
    method=requests.methods,
    path=_PATHS,
    query=requests.queries,
    headers=requests.headers,
    body=requests.encoded_bodies,
)
def test_no_made_up_link_opens_anything(
    method: str,
    path: Mapping[str, str],
    query: str,
    headers: Mapping[str, str],
    body: tuple[str | None, bool],
) -> None:
    event = requests.request(method=method, path=path, query=query, headers=headers, body=body)

    _send(event, opens=False)


@settings(max_examples=3500, **_MANY)  # type: ignore[arg-type]
@given(method=requests.methods, headers=requests.headers, body=requests.encoded_bodies)
def test_whatever_is_sent_over_a_valid_link_is_answered(
    method: str, headers: Mapping[str, str], body: tuple[str | None, bool]
) -> None:
    event = requests.request(
        method=method, path=requests.PATH, query=requests.QUERY, headers=headers, body=body
    )

    _send(event, opens=True)


_GOOD_POST = {"content-type": "application/x-www-form-urlencoded", "accept": "text/html"}
_GOOD_BODY = ("decision=approve", False)
_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
# Links of this system that open something, and one of another that opens nothing.
_LINKS = [
    requests.parts_of(query_of(ADA, approval=requests.SECRET)),
    requests.parts_of(query_of("quokka@example.com", approval=requests.SECRET)),
    requests.parts_of(query_of(ADA, approval=requests.SECRET, expires=2_000_000_000)),
]
_FOREIGN = requests.parts_of(
    query_of(ADA, approval=requests.SECRET, key=HmacKey(secret=b"another system"))
)


@st.composite
def _damaged(draw: st.DrawFn) -> tuple[str, str]:
    """A part of a valid link, and another value for it."""
    name = draw(st.sampled_from(sorted(requests.PARTS)))
    value = requests.PARTS[name]
    at = draw(st.integers(min_value=0, max_value=len(value) - 1))
    character = draw(st.sampled_from(_CHARACTERS) | st.characters())
    other = draw(
        st.sampled_from(
            [
                value[:at] + character + value[at + 1 :],
                value[:at] + character + value[at:],
                value[:at] + value[at + 1 :],
                value[:at],
                value.swapcase(),
                f"{value},{value}",
                *(link[name] for link in (*_LINKS, _FOREIGN)),
            ]
        )
    )
    return name, other


@settings(max_examples=3000, **_MANY)  # type: ignore[arg-type]
@given(damage=st.lists(_damaged(), min_size=1, max_size=3), twice=st.booleans())
def test_no_link_opens_anything_once_it_was_changed(
    damage: list[tuple[str, str]], twice: bool
) -> None:
    # Given a valid POST whose link lost, gained or changed something
    parts = {**requests.PARTS, **dict(damage)}
    doubled = twice and damage[-1][0] != "approvalId"
    opens = parts in _LINKS and not doubled
    query = requests.form_of((name, parts[name]) for name in parts if name != "approvalId")
    if twice:
        query += "&" + requests.form_of([damage[-1]])
    path = {"approvalId": parts["approvalId"]}
    event = requests.request(
        method="POST", path=path, query=query, headers=_GOOD_POST, body=_GOOD_BODY
    )

    api = _send(event, opens=opens)

    assert api.approvals.writes == opens
