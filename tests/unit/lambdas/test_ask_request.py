"""What the workflow hands to AskApproval: a wrong field names itself and asks nobody."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ask_approval.request import read_request
from shared.fields import InvalidEventError

from tests.unit.lambdas import events
from tests.unit.lambdas.approval_fakes import ASKED, ASKED_AT

_EVENT = events.load("ask_approval")
_NEEDED = [name for name in _EVENT if name not in ("evidence", "committer", "trigger")]


@pytest.mark.parametrize("field", _NEEDED)
@pytest.mark.parametrize("value", [None, "", [], {}])
def test_wrong_field_names_itself(field: str, value: Any) -> None:  # noqa: ANN401 - any JSON
    with pytest.raises(InvalidEventError, match=field) as raised:
        read_request({**_EVENT, field: value}, asked=ASKED, now=ASKED_AT)
    assert _EVENT["taskToken"] not in str(raised.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("approvalId", "0" * 32),
        ("timeoutSeconds", 0),
        ("startedAt", "yesterday"),
        ("startedAt", "0001-01-01T00:00:00+10:00"),
        ("reminder", "true"),
        ("committer", 5),
        ("evidence", {"evaluation": {}}),
        ("evidence", []),
    ],
)
def test_unsafe_value_is_refused(field: str, value: Any) -> None:  # noqa: ANN401 - any JSON
    with pytest.raises(InvalidEventError):
        read_request({**_EVENT, field: value}, asked=ASKED, now=ASKED_AT)


def test_an_unknown_committer_is_refused_where_it_matters() -> None:
    event = {**_EVENT, "committer": " "}

    assert read_request(event, asked=ASKED, now=ASKED_AT).approval.committer == ""
    with pytest.raises(InvalidEventError, match="committer"):
        read_request(event, asked=replace(ASKED, committer_may_approve=False), now=ASKED_AT)


@pytest.mark.parametrize("trigger", ["data", "schedule"])
def test_what_no_commit_has_started_has_no_committer(trigger: str) -> None:
    event = {**_EVENT, "committer": "", "trigger": trigger}
    request = read_request(event, asked=replace(ASKED, committer_may_approve=False), now=ASKED_AT)

    assert request.approval.trigger == trigger
    assert all(request.approval.may_approve(approver) for approver in ASKED.approvers)


@pytest.mark.parametrize(
    "spelling",
    [
        "2026-11-22T14:05:00.123Z",
        "2026-11-22T14:05:00.123456+00:00",
        "2026-11-22T15:05:00.123+01:00",
    ],
)
def test_a_start_is_kept_in_one_spelling(spelling: str) -> None:
    request = read_request({**_EVENT, "startedAt": spelling}, asked=ASKED, now=ASKED_AT)

    assert request.approval.started_at == "2026-11-22T14:05:00.123Z"
