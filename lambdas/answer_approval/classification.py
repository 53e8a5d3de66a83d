"""Where a classification errs, as HTML."""

from __future__ import annotations

from html import escape

from shared.evaluation import ClassScore, ConfusionMatrix, Evaluation, Mistake
from shared.evidence import Evidence
from shared.text import amount, percent, printable, shorten

from answer_approval.charts import bar, confusion_matrix

_MAX_LABEL_CHARACTERS = 64


def classification(known: Evidence) -> str:
    """The scores of each class, what is taken for what, and examples of it."""
    return f"{_classes(known)}\n{_mistakes(known.evaluation)}"


def _classes(known: Evidence) -> str:
    evaluation = known.evaluation
    if evaluation.classes is None or evaluation.confusion_matrix is None:
        return f"""<section>
<h2>Class by class</h2>
<p>There are too many classes, or their names are too long, to show them here. The report has them
all: <code>{_text(known.report_uri)}</code></p>
</section>"""
    live = known.live.classes if known.live else None
    return f"""<section>
<h2>Class by class</h2>
{_scores(evaluation.classes, live=live)}
</section>
<section>
<h2 id="matrix">Confusion matrix</h2>
<p class="caption">Each row is a true class, each column what the model made of it. The stronger the
shade, the larger the share of the row: <span class="key hit">right</span>
<span class="key miss">wrong</span></p>
<div class="scroll" tabindex="0" role="region" aria-labelledby="matrix">
{confusion_matrix(evaluation.confusion_matrix)}
</div>
{_matrix_table(evaluation.confusion_matrix)}
</section>"""


def _scores(classes: tuple[ClassScore, ...], *, live: tuple[ClassScore, ...] | None) -> str:
    live_f1 = {score.label: score.f1 for score in live or ()}
    rows = "\n".join(_score(score, live_f1=live_f1.get(score.label)) for score in classes)
    marked = any(score.label in live_f1 for score in classes)
    mark = 'The mark <span class="tick"></span> on F1 is the live model.' if marked else ""
    return f"""<p class="caption">Precision: of the rows that are taken for the class, the share
that is right. Recall: of the class's own rows, the share that is found. F1 weighs both. {mark}</p>
<div class="scroll" tabindex="0" role="region" aria-label="Scores">
<table class="scores" aria-label="Scores of each class">
<thead><tr><th scope="col">Class</th><th scope="col">Precision</th><th scope="col">Recall</th>
<th scope="col">F1</th><th scope="col">Rows</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>
</div>"""


def _score(score: ClassScore, *, live_f1: float | None) -> str:
    beside = "" if live_f1 is None else f"<small>live {percent(live_f1)}</small>"
    return (
        f'<tr><th scope="row">{_label(score.label)}</th>'
        f"<td>{percent(score.precision)}{bar(score.precision)}</td>"
        f"<td>{percent(score.recall)}{bar(score.recall)}</td>"
        f"<td>{percent(score.f1)}{bar(score.f1, mark=live_f1)}{beside}</td>"
        f"<td>{score.support}</td></tr>"
    )


def _matrix_table(matrix: ConfusionMatrix) -> str:
    head = "".join(f'<th scope="col">{_label(label)}</th>' for label in matrix.labels)
    rows = "\n".join(
        f'<tr><th scope="row">{_label(label)}</th>'
        + "".join(f"<td>{count}</td>" for count in counts)
        + "</tr>"
        for label, counts in zip(matrix.labels, matrix.counts, strict=True)
    )
    return f"""<details>
<summary>The same numbers as a table</summary>
<div class="scroll" tabindex="0" role="region" aria-label="Confusion matrix as a table">
<table class="counts" aria-label="Confusion matrix: true class in rows, predicted class in columns">
<thead><tr><th scope="col">True class</th>{head}</tr></thead>
<tbody>
{rows}
</tbody>
</table>
</div>
</details>"""


def _mistakes(evaluation: Evaluation) -> str:
    wrong = evaluation.rows - round((evaluation.metrics["accuracy"] or 0) * evaluation.rows)
    if not evaluation.mistakes:
        text = "The model was right on every held-out row." if not wrong else "None are kept."
        return f"<section>\n<h2>Mistakes</h2>\n<p>{text}</p>\n</section>"
    items = "\n".join(_mistake(mistake) for mistake in evaluation.mistakes)
    return f"""<section>
<h2>Mistakes</h2>
<p class="caption">{len(evaluation.mistakes)} of {amount(wrong, "mistake")}. The model does not say
how sure it is, so these come from the confusions that happen most often: one row of each before a
second row of any.</p>
<ol class="mistakes">
{items}
</ol>
</section>"""


def _mistake(mistake: Mistake) -> str:
    actual, predicted = _text(mistake.actual), _text(mistake.predicted)
    return f"""<li>
<p><strong>{actual}</strong> was taken for <strong>{predicted}</strong>
<span class="place">{_text(mistake.place)}</span></p>
<code>{_text(mistake.features)}</code>
</li>"""


def _label(label: str) -> str:
    return escape(shorten(label, characters=_MAX_LABEL_CHARACTERS))


def _text(value: str) -> str:
    return escape(printable(value))
