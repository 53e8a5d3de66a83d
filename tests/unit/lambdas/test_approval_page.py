"""The page itself: nothing foreign runs on it, nothing secret stands on it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shared.approvals import Approval
from shared.evaluation import ClassScore, ConfusionMatrix
from shared.http import HttpResponse
from shared.text import one_line

from tests.unit.lambdas.approval_fakes import ADA, APPROVAL, GRACE, LIN, Api, query_of, vote

_VOID = {"meta", "input", "br", "hr", "wbr"}
_VOTED = replace(APPROVAL, approvals_required=3).with_vote(vote(GRACE, reason="Fine"))
_DECIDED = APPROVAL.with_vote(vote(GRACE, "rejected", reason="No"))


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

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def _page(approval: Approval, *, accept: str = "text/html") -> HttpResponse:
    return Api(approval).get(query=query_of(ADA, approval=approval), accept=accept)


def _outline(html: str) -> _Outline:
    outline = _Outline()
    outline.feed(html)
    outline.close()
    assert not outline.open
    return outline


@pytest.mark.parametrize("approval", [APPROVAL, _VOTED, _DECIDED])
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_no_token_no_address_of_a_voter_and_no_signature_is_shown(
    approval: Approval, accept: str, capsys: pytest.CaptureFixture[str]
) -> None:
    response = _page(approval, accept=accept)

    said = json.dumps(response.to_event()) + capsys.readouterr().out
    assert approval.task_token not in said
    assert query_of(ADA).rpartition("=")[2] not in said
    assert approval.approval_id not in said
    for one in approval.votes:
        assert one.source_ip not in said


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


@pytest.mark.parametrize("approval", [APPROVAL, _VOTED, _DECIDED])
def test_no_script_and_no_inline_style_attribute(approval: Approval) -> None:
    outline = _outline(_page(approval).body)

    assert "script" not in outline.tags
    assert not [name for name, _ in outline.attributes if name == "style" or name.startswith("on")]


def test_no_field_submits_the_form_by_the_enter_key() -> None:
    # A one-line field would: a person who types a reason and presses Enter must decide nothing.
    assert "input" not in _outline(_page(APPROVAL).body).tags


def test_every_field_of_the_form_has_a_label() -> None:
    outline = _outline(_page(APPROVAL).body)

    labelled = {value for name, value in outline.attributes if name == "for"}
    assert labelled == {"reason"} <= {v for name, v in outline.attributes if name == "id"}


_NASTY = st.text(alphabet=st.sampled_from("<>&\"'/ abc=\n"), min_size=1, max_size=30)


@given(name=_NASTY, label=_NASTY, reason=_NASTY)
def test_foreign_text_stays_text(name: str, label: str, reason: str) -> None:
    # Given text from commits, data and people that looks like HTML
    nasty = _with_text(name=name, label=label, reason=reason)
    plain = _with_text(name="x", label="x", reason="x")

    page = _outline(_page(nasty).body)

    # Then the page has the same elements as with harmless text, and the text as it was
    assert page.tags == _outline(_page(plain).body).tags
    assert reason in page.text
    assert one_line(label) in page.text


def _with_text(*, name: str, label: str, reason: str) -> Approval:
    evidence = replace(
        APPROVAL.evidence,
        evaluation=replace(
            APPROVAL.evidence.evaluation,
            classes=(ClassScore(label=label, precision=1, recall=1, f1=1, support=1),),
            confusion_matrix=ConfusionMatrix(labels=(label,), counts=((1,),)),
        ),
    )
    asked = replace(
        APPROVAL, model_name=name, evidence=evidence, approvers=(ADA, name), approvals_required=2
    )
    return asked.with_vote(vote(name, reason=reason))


def test_page_without_class_tables_names_the_report() -> None:
    evaluation = replace(
        APPROVAL.evidence.evaluation, classes=None, confusion_matrix=None, mistakes=()
    )
    live = APPROVAL.evidence.live
    evidence = replace(
        APPROVAL.evidence,
        evaluation=evaluation,
        live=replace(live, classes=None) if live else None,
    )

    page = _outline(_page(replace(APPROVAL, evidence=evidence)).body)

    assert "too many classes" in page.text
    assert APPROVAL.evidence.report_uri in page.text


def test_votes_so_far_stand_beside_the_form() -> None:
    page = _outline(_page(_VOTED).body)

    assert f"{GRACE}approved on Sunday 22 November 2026, 14:31 UTCFine" in page.text
    assert LIN not in page.text.partition("Your decision")[2]


def test_a_program_gets_the_version_and_the_gate() -> None:
    said = json.loads(_page(APPROVAL, accept="application/json").body)

    assert said["modelPackageArn"] == APPROVAL.model_package_arn
    assert said["comparison"] == "better than live"
    assert said["gate"]["passed"] is True
    assert said["gate"]["checks"][0]["limit"] == 0.6


@pytest.mark.parametrize(
    ("trigger", "told"), [("data", "new training data"), ("schedule", "the schedule")]
)
def test_it_is_said_when_no_commit_has_started_it(trigger: str, told: str) -> None:
    assert f"Started by{told}" in _outline(_page(replace(APPROVAL, trigger=trigger)).body).text
    for usual in ("", "commit"):
        assert "Started by" not in _outline(_page(replace(APPROVAL, trigger=usual)).body).text


def test_the_committer_is_named_if_known() -> None:
    assert f"Committer{APPROVAL.committer}" in _outline(_page(APPROVAL).body).text
    unknown = replace(APPROVAL, committer="")
    assert "Committer" not in _outline(_page(unknown).body).text
