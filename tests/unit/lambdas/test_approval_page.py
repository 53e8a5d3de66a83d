"""The page itself: nothing foreign runs on it, nothing secret stands on it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from answer_approval.handler import respond
from hypothesis import given
from hypothesis import strategies as st
from shared.approvals import Approval
from shared.evaluation import ClassScore, ConfusionMatrix
from shared.http import HttpResponse

from tests.unit.lambdas import events
from tests.unit.lambdas.approval_fakes import (
    APPROVAL,
    APPROVED,
    NOW,
    FakeApprovals,
    FakeWorkflow,
)

_VOID = {"meta", "input"}


class _Outline(HTMLParser):
    """Reads a page, checks that elements nest, and keeps its tags and text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def _page(approval: Approval, *, accept: str = "text/html") -> HttpResponse:
    return respond(
        events.http("http_approval_get", headers={"accept": accept}),
        approvals=FakeApprovals({approval.approval_id: approval}),
        workflow=FakeWorkflow(),
        now=NOW,
    )


def _outline(html: str) -> _Outline:
    outline = _Outline()
    outline.feed(html)
    outline.close()
    assert not outline.open
    return outline


@pytest.mark.parametrize("approval", [APPROVAL, replace(APPROVAL, decision=APPROVED)])
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_the_task_token_is_nowhere(
    approval: Approval, accept: str, capsys: pytest.CaptureFixture[str]
) -> None:
    response = _page(approval, accept=accept)

    assert approval.task_token not in json.dumps(response.to_event())
    logs = capsys.readouterr().out
    assert approval.task_token not in logs
    assert approval.approval_id not in logs


def test_security_headers_allow_the_one_style_and_nothing_else() -> None:
    response = _page(APPROVAL)

    style = re.search(r"<style>(.*?)</style>", response.body, re.DOTALL)
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policy = response.headers["content-security-policy"].split("; ")
    assert policy[0] == "default-src 'none'"
    assert f"style-src 'sha256-{digest}'" in policy
    assert {"form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"} <= set(policy)
    assert response.headers["referrer-policy"] == "no-referrer"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"


def test_no_script_and_no_inline_style_attribute() -> None:
    outline = _outline(_page(APPROVAL).body)

    assert "script" not in outline.tags
    assert not [name for name, _ in outline.attributes if name == "style" or name.startswith("on")]


def test_enter_key_decides_nothing() -> None:
    # The first button of a form is what Enter presses; disabled, it stops the form.
    body = _page(APPROVAL).body

    first = body[body.index("<button") :].partition(">")[0]
    assert "disabled" in first


def test_every_field_of_the_form_has_a_label() -> None:
    outline = _outline(_page(APPROVAL).body)

    labelled = {value for name, value in outline.attributes if name == "for"}
    assert labelled == {"name", "reason"} <= {v for name, v in outline.attributes if name == "id"}


_NASTY = st.text(alphabet=st.sampled_from("<>&\"'/ abc=\n"), min_size=1, max_size=30)


@given(name=_NASTY, label=_NASTY, reason=_NASTY)
def test_foreign_text_stays_text(name: str, label: str, reason: str) -> None:
    # Given text from commits, data and people that looks like HTML
    evaluation = replace(
        APPROVAL.evaluation,
        classes=(ClassScore(label=label, precision=1, recall=1, f1=1, support=1),),
        confusion_matrix=ConfusionMatrix(labels=(label,), counts=((1,),)),
    )
    plain = replace(
        APPROVAL,
        model_name="x",
        evaluation=replace(
            evaluation,
            classes=(ClassScore(label="x", precision=1, recall=1, f1=1, support=1),),
            confusion_matrix=ConfusionMatrix(labels=("x",), counts=((1,),)),
        ),
        decision=replace(APPROVED, reason="x", decided_by="x"),
    )
    nasty = replace(
        APPROVAL,
        model_name=name,
        evaluation=evaluation,
        decision=replace(APPROVED, reason=reason, decided_by=name),
    )

    page = _outline(_page(nasty).body)

    # Then the page has the same elements as with harmless text, and the text as it was
    assert page.tags == _outline(_page(plain).body).tags
    assert reason in page.text
    assert label in page.text


def test_page_without_class_tables_names_the_report() -> None:
    many = replace(APPROVAL.evaluation, classes=None, confusion_matrix=None)

    page = _outline(_page(replace(APPROVAL, evaluation=many)).body)

    assert "too many classes" in page.text
    assert f"s3://release-data/{many.report_key}" in page.text
    assert "table" not in page.tags
