"""The approval page: plain HTML without scripts, every value escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from shared.approvals import Approval, Vote
from shared.text import utc_of

from answer_approval.answer import Answer
from answer_approval.evidence import PredictionFile, evidence
from answer_approval.style import STYLE
from answer_approval.submission import MAX_REASON_CHARACTERS, Submission


def render(answer: Answer, *, files: Sequence[PredictionFile], now: int) -> str:
    """The whole page for an answer at *now* (epoch seconds)."""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{escape(answer.title)}</title>
<style>{STYLE}</style>
</head>
<body>
<main>
{_content(answer, files=files, now=now)}
</main>
</body>
</html>
"""


def _content(answer: Answer, *, files: Sequence[PredictionFile], now: int) -> str:
    parts = [f"<h1>{escape(answer.title)}</h1>", _message(answer)]
    approval = answer.approval
    if approval is None:
        return "\n".join(parts)
    shown = evidence(approval, files=files, now=now)
    if answer.form is None:
        return "\n".join([*parts, _votes(approval, reader=answer.reader), shown])
    form = _form(answer.form, approval=approval, reader=answer.reader)
    # Something to mend stands beside the complaint; a first look begins with the evidence.
    rest = [form, shown] if answer.status >= 400 else [shown, form]
    return "\n".join([*parts, *rest])


def _message(answer: Answer) -> str:
    if answer.status >= 400:
        return f'<section class="notice" role="alert"><p>{escape(answer.message)}</p></section>'
    return f'<p class="lead">{escape(answer.message)}</p>'


def _votes(approval: Approval, *, reader: str) -> str:
    return f"""<section>
<h2>Votes</h2>
<p>{_needed(approval)} You are looking as {escape(reader)}.</p>
{_so_far(approval)}</section>"""


def _vote(vote: Vote) -> str:
    reason = f'<div class="quote">{escape(vote.reason)}</div>' if vote.reason else ""
    when = escape(utc_of(vote.voted_at))
    return f"<dt>{escape(vote.approver)}</dt><dd>{vote.verdict} on {when}{reason}</dd>"


def _needed(approval: Approval) -> str:
    number = approval.approvals_required
    people = "1 person" if number == 1 else f"{number} people"
    return f"To release it, {people} must approve. One rejection rejects it."


def _form(typed: Submission, *, approval: Approval, reader: str) -> str:
    # No action attribute: the form goes back to the page's own address, wherever that is.
    if approval.may_approve(reader):
        note = ""
        # With others still to approve, this button alone releases nothing.
        label = "Approve and release" if approval.approvals_missing == 1 else "Approve"
        approve = f'<button name="decision" value="approve">{label}</button>\n'
    else:
        note = "<p>You committed this change, so somebody else must approve it.</p>\n"
        approve = ""
    return f"""<section>
<h2>Your decision</h2>
<p>You decide as <strong>{escape(reader)}</strong>. {_needed(approval)}</p>
{_so_far(approval)}{note}<p>A vote cannot be changed.</p>
<form method="post">
<label for="reason">Reason <span class="hint">(needed to reject)</span></label>
<textarea id="reason" name="reason" maxlength="{MAX_REASON_CHARACTERS}">
{escape(typed.reason)}</textarea>
<div class="buttons">
{approve}<button name="decision" value="reject" class="reject">Reject</button>
</div>
</form>
</section>"""


def _so_far(approval: Approval) -> str:
    if not approval.votes:
        return "<p>Nobody has voted.</p>\n"
    votes = "\n".join(_vote(vote) for vote in approval.votes)
    return f'<dl class="facts">\n{votes}\n</dl>\n'
