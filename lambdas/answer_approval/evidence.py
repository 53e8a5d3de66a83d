"""The evidence for a decision as HTML."""

from __future__ import annotations

from html import escape

from shared.approvals import Approval
from shared.evaluation import ClassScore, ConfusionMatrix, Evaluation
from shared.text import percent, utc, utc_of


def evidence(approval: Approval) -> str:
    """Metrics first, then what the model is made of."""
    return f"{_result(approval.evaluation)}\n{_facts(approval)}"


def _result(evaluation: Evaluation) -> str:
    if evaluation.classes is None or evaluation.confusion_matrix is None:
        tables = "<p>There are too many classes to show here; the report has them all.</p>"
    else:
        tables = _class_table(evaluation.classes) + _matrix(evaluation.confusion_matrix)
    return f"""<section>
<h2>Result on held-out data</h2>
<dl class="figures">
<div><dt>Accuracy</dt><dd>{percent(evaluation.accuracy)}</dd></div>
<div><dt>Macro F1</dt><dd>{percent(evaluation.macro_f1)}</dd></div>
<div><dt>Rows</dt><dd>{evaluation.rows}</dd></div>
</dl>
{tables}
</section>"""


def _class_table(classes: tuple[ClassScore, ...]) -> str:
    rows = "\n".join(
        f'<tr><th scope="row">{escape(score.label)}</th><td>{percent(score.precision)}</td>'
        f"<td>{percent(score.recall)}</td><td>{percent(score.f1)}</td><td>{score.support}</td></tr>"
        for score in classes
    )
    return f"""<h3 id="scores">Scores of each class</h3>
<div class="scroll" tabindex="0" role="region" aria-labelledby="scores">
<table aria-labelledby="scores">
<thead><tr><th scope="col">Class</th><th scope="col">Precision</th><th scope="col">Recall</th>
<th scope="col">F1</th><th scope="col">Rows</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>
</div>
"""


def _matrix(matrix: ConfusionMatrix) -> str:
    head = "".join(f'<th scope="col">{escape(label)}</th>' for label in matrix.labels)
    rows = "\n".join(
        f'<tr><th scope="row">{escape(label)}</th>{_cells(counts, own=i)}</tr>'
        for i, (label, counts) in enumerate(zip(matrix.labels, matrix.counts, strict=True))
    )
    return f"""<h3 id="matrix">Confusion matrix: true class in rows, predicted class in columns</h3>
<div class="scroll" tabindex="0" role="region" aria-labelledby="matrix">
<table aria-labelledby="matrix">
<thead><tr><th scope="col">True</th>{head}</tr></thead>
<tbody>
{rows}
</tbody>
</table>
</div>"""


def _cells(counts: tuple[int, ...], *, own: int) -> str:
    return "".join(
        f'<td class="{_kind(count, right=i == own)}">{count}</td>' for i, count in enumerate(counts)
    )


def _kind(count: int, *, right: bool) -> str:
    if right:
        return "hit"
    return "miss" if count else "none"


def _facts(approval: Approval) -> str:
    facts = [
        ("Name", escape(approval.model_name)),
        ("Commit", f"<code>{escape(approval.commit_id)}</code>"),
        ("Image", f"<code>{escape(approval.image_uri)}</code>"),
        ("Job", f"<code>{escape(approval.job_name)}</code>"),
        ("Predictions", f"<code>{escape(approval.predictions_uri)}</code>"),
        ("Report", f"<code>{escape(approval.report_uri)}</code>"),
        ("Asked", escape(utc_of(approval.requested_at))),
        ("Decide before", escape(utc(approval.expires_at))),
    ]
    rows = "\n".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in facts)
    return f"""<section>
<h2>The model</h2>
<dl class="facts">
{rows}
</dl>
</section>"""
