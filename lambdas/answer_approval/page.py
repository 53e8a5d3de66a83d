"""The approval page: plain HTML without scripts, every value escaped."""

from __future__ import annotations

from html import escape

from shared.approvals import Decision
from shared.text import utc_of

from answer_approval.decisions import Answer
from answer_approval.evidence import evidence
from answer_approval.style import STYLE
from answer_approval.submission import (
    MAX_NAME_CHARACTERS,
    MAX_REASON_CHARACTERS,
    UNNAMED,
    Submission,
)


def render(answer: Answer) -> str:
    """The whole page for an answer."""
    parts = [f"<h1>{escape(answer.title)}</h1>", _message(answer)]
    if answer.approval:
        if answer.approval.decision:
            parts.append(_decision(answer.approval.decision))
        if answer.resend and answer.approval.decision:
            parts.append(_resend(answer.approval.decision))
        parts.append(evidence(answer.approval))
    if answer.form is not None:
        # Something to mend stands beside the complaint; a first look begins with the evidence.
        parts.insert(2 if answer.status >= 400 else len(parts), _form(answer.form))
    content = "\n".join(parts)
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
{content}
</main>
</body>
</html>
"""


def _message(answer: Answer) -> str:
    if answer.status >= 400:
        return f'<section class="notice" role="alert"><p>{escape(answer.message)}</p></section>'
    return f'<p class="lead">{escape(answer.message)}</p>'


def _decision(decision: Decision) -> str:
    reason = escape(decision.reason) if decision.reason else '<span class="none">none given</span>'
    return f"""<section>
<h2>Decision</h2>
<dl class="facts">
<dt>Decision</dt><dd>{escape(decision.verdict)}</dd>
<dt>By</dt><dd>{escape(decision.decided_by)}</dd>
<dt>On</dt><dd>{escape(utc_of(decision.decided_at))}</dd>
<dt>Reason</dt><dd class="quote">{reason}</dd>
</dl>
</section>"""


def _form(typed: Submission) -> str:
    # No action attribute: the form goes back to the page's own address, wherever that is.
    # The first button is what the Enter key presses: disabled, so that Enter decides nothing.
    name = "" if typed.name == UNNAMED else typed.name
    return f"""<section>
<h2>Your decision</h2>
<form method="post">
<button disabled hidden></button>
<label for="name">Your name</label>
<input id="name" name="name" value="{escape(name)}" required maxlength="{MAX_NAME_CHARACTERS}"
 autocomplete="name">
<label for="reason">Reason <span class="hint">(needed to reject)</span></label>
<textarea id="reason" name="reason" maxlength="{MAX_REASON_CHARACTERS}">
{escape(typed.reason)}</textarea>
<div class="buttons">
<button name="decision" value="approve">Approve and release</button>
<button name="decision" value="reject" class="reject">Reject</button>
</div>
</form>
</section>"""


def _resend(decision: Decision) -> str:
    value = "approve" if decision.verdict == "approved" else "reject"
    return f"""<section class="notice">
<p>The workflow has not confirmed that it knows this decision.</p>
<form method="post">
<div class="buttons"><button name="decision" value="{value}">Tell the workflow again</button></div>
</form>
</section>"""
