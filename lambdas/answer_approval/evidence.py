"""The evidence for a decision as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from shared.approvals import Approval
from shared.text import amount, printable, utc

from answer_approval.classification import classification
from answer_approval.comparison import comparison
from answer_approval.facts import facts
from answer_approval.gate import gate_checks
from answer_approval.regression import regression

# How long the links to the prediction files work.
LINK_SECONDS = 600


@dataclass(frozen=True)
class PredictionFile:
    """One object that the batch transform wrote, and a link to it that works for a while."""

    name: str
    url: str


def evidence(approval: Approval, *, files: Sequence[PredictionFile], now: int) -> str:
    """How good the model is, where it errs, and what it is made of.

    The links of *files* were made at *now* (epoch seconds) and work for LINK_SECONDS.
    """
    known = approval.evidence
    parts = [
        comparison(known),
        gate_checks(known.gate),
        regression(known.evaluation)
        if known.evaluation.task == "regression"
        else classification(known),
        _predictions(approval, files=files, until=now + LINK_SECONDS),
        facts(approval),
    ]
    return "\n".join(parts)


def _predictions(approval: Approval, *, files: Sequence[PredictionFile], until: int) -> str:
    total = approval.evidence.evaluation.prediction_objects
    place = f"<code>{_text(approval.predictions_uri)}</code>"
    if not files:
        return f"""<section>
<h2>Prediction files</h2>
<p>{amount(total, "file")} under {place}</p>
</section>"""
    links = "\n".join(
        f'<li><a href="{escape(file.url)}" rel="noreferrer noopener">{_text(file.name)}</a></li>'
        for file in files
    )
    rest = total - len(files)
    more = f"\n<p>{amount(rest, 'more file')} under {place}</p>" if rest > 0 else ""
    return f"""<section>
<h2>Prediction files</h2>
<p class="caption">Every held-out row with its label first and the prediction last. The links work
until {escape(utc(until))} at the latest; reload this page for new ones.</p>
<ul class="files">
{links}
</ul>{more}
</section>"""


def _text(value: str) -> str:
    return escape(printable(value))
