"""Where a regression errs, as HTML."""

from __future__ import annotations

from html import escape

from shared.evaluation import Evaluation, Mistake
from shared.metrics import number_text
from shared.text import amount, printable

from answer_approval.plots import bins_of, histogram, scatter


def regression(evaluation: Evaluation) -> str:
    """The predictions against the truth, how the errors spread, and the largest of them."""
    return f"{_plots(evaluation)}\n{_largest(evaluation)}"


def _plots(evaluation: Evaluation) -> str:
    points = evaluation.points or ()
    if not points:
        return """<section>
<h2>Predictions and errors</h2>
<p>There are no rows to draw.</p>
</section>"""
    sample = (
        f"A sample of {len(points)} of {evaluation.rows:,} rows."
        if len(points) < evaluation.rows
        else f"{amount(len(points), 'row')}."
    )
    return f"""<section>
<h2>Predictions and errors</h2>
<p class="caption">{sample} First, predicted against true values: the closer a point is to the
dashed line, the better its prediction. Then, how many rows have which error; the dashed line is no
error at all.</p>
<div class="plots">
{scatter(points)}
{histogram(points)}
</div>
{_bins_table(evaluation)}
</section>"""


def _bins_table(evaluation: Evaluation) -> str:
    axis, bins = bins_of(evaluation.points or ())
    rows = "\n".join(
        f'<tr><th scope="row">{axis.text(low)} to {axis.text(high)}</th><td>{count}</td></tr>'
        for low, high, count in bins
    )
    return f"""<details>
<summary>The errors as a table</summary>
<div class="scroll" tabindex="0" role="region" aria-label="Errors as a table">
<table aria-label="Rows by error">
<thead><tr><th scope="col">Predicted less true value</th><th scope="col">Rows</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>
</div>
</details>"""


def _largest(evaluation: Evaluation) -> str:
    if not evaluation.mistakes:
        return "<section>\n<h2>Largest errors</h2>\n<p>None are kept.</p>\n</section>"
    items = "\n".join(map(_error, evaluation.mistakes))
    rows = amount(len(evaluation.mistakes), "row")
    return f"""<section>
<h2>Largest errors</h2>
<p class="caption">The {rows} where prediction and truth are furthest apart.</p>
<ol class="mistakes">
{items}
</ol>
</section>"""


def _error(mistake: Mistake) -> str:
    return f"""<li>
<p><strong>{_number(mistake.actual)}</strong> was predicted as
<strong>{_number(mistake.predicted)}</strong>{_off(mistake)}
<span class="place">{_text(mistake.place)}</span></p>
<code>{_text(mistake.features)}</code>
</li>"""


def _off(mistake: Mistake) -> str:
    """How far off; nothing if a value was cut and is no number any more."""
    try:
        error = float(mistake.predicted) - float(mistake.actual)
    except ValueError:
        return ""
    how = "too high" if error > 0 else "too low"
    return f", {number_text(abs(error))} {how}" if error else ""


def _number(text: str) -> str:
    try:
        return escape(number_text(float(text)))
    except (ValueError, OverflowError):
        return _text(text)


def _text(value: str) -> str:
    return escape(printable(value))
