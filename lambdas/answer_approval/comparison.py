"""How good the model is, beside the one that is live."""

from __future__ import annotations

from html import escape

from shared.evidence import Evidence
from shared.metrics import Metric, metrics_of
from shared.text import printable

_TINTS = {"better than live": " better", "worse than live": " worse"}

# Each in one line, for somebody who does not measure models every day.
_MEANINGS = {
    "accuracy": "the share of rows that the model gets right.",
    "macroF1": "how well classes are found without false alarms, as the mean over all classes; a "
    "rare class counts as much as a frequent one.",
    "worstRecall": "of the class that is missed most often, the share of its rows that is found.",
    "rmse": "the typical error, in the unit of the label; large errors weigh more. Lower is "
    "better.",
    "mae": "the mean error regardless of its sign, in the unit of the label. Lower is better.",
    "r2": "how much of the labels' variation the model explains: 1 is perfect, 0 is no better "
    "than always predicting their mean.",
}


def comparison(known: Evidence) -> str:
    """The figures on held-out data, those of the live model, and what they mean."""
    live = known.live
    evaluation = known.evaluation
    verdict = known.comparison
    metrics = metrics_of(evaluation.task)
    entries = "\n".join(
        _figure(
            metric,
            evaluation.metrics[metric.name],
            beside=_beside(
                metric,
                evaluation.metrics[metric.name],
                live.metrics[metric.name],
            )
            if live
            else "",
        )
        for metric in metrics
    )
    meanings = "\n".join(
        f"<li><strong>{metric.label}</strong>: {_MEANINGS[metric.name]}</li>" for metric in metrics
    )
    return f"""<section>
<h2>Result on held-out data</h2>
<p class="verdict{_TINTS.get(verdict, "")}">{verdict.capitalize()}</p>
<dl class="figures">
{entries}
<div><dt>Rows</dt><dd>{evaluation.rows:,}</dd>{_small(f"live {live.rows:,}") if live else ""}</div>
</dl>
<p class="caption">{escape(printable(_note(known)))}</p>
<ul class="meanings">
{meanings}
</ul>
</section>"""


def _figure(metric: Metric, value: float | None, *, beside: str) -> str:
    return f"<div><dt>{metric.label}</dt><dd>{metric.as_text(value)}</dd>{beside}</div>"


def _beside(metric: Metric, value: float | None, live: float | None) -> str:
    difference = "" if value is None or live is None else f", {_difference(metric, value, live)}"
    return _small(f"live {metric.as_text(live)}{difference}")


def _small(text: str) -> str:
    return f'<dd class="beside">{escape(text)}</dd>'


def _difference(metric: Metric, value: float, live: float) -> str:
    if metric.is_share:
        # Of the percentages as they are shown, so that a reader can check it.
        points = round(round(value * 100, 1) - round(live * 100, 1), 1)
        return f"{_signed(points, f'{abs(points):.1f}')} points"
    if metric.higher_is_better or not live:
        # An R² may be 0 or negative: a share of it would say nothing.
        difference = value - live
        return _signed(difference, metric.as_text(abs(difference)))
    share = round((value / live - 1) * 100, 1)
    return f"{_signed(share, f'{abs(share):,.1f}')} %"


def _signed(number: float, size: str) -> str:
    sign = "+" if number > 0 else "\N{MINUS SIGN}" if number < 0 else "±"
    return f"{sign}{size}"


def _note(known: Evidence) -> str:
    live = known.live
    if live is None:
        return known.live_problem or (
            "This is the first release: nothing serves yet that the model could be compared with."
        )
    if live.compared_anew:
        return (
            f"The live model, {live.name}, was measured again on the data of today: the held-out "
            "data has changed since its release."
        )
    return f"The live model, {live.name}, was measured on the same held-out data."
