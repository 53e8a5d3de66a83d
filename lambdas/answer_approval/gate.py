"""What was demanded of the model before anybody was asked."""

from __future__ import annotations

from html import escape

from shared.gate import Check, Gate
from shared.metrics import METRICS
from shared.text import printable


def gate_checks(gate: Gate) -> str:
    """Every limit, what the model has, and whether that is enough."""
    verdict = (
        '<p class="verdict better">Passed</p>'
        if gate.passed
        else '<p class="verdict worse">Not passed</p>'
    )
    table = f"\n{_table(gate)}" if gate.checks else ""
    return f"""<section>
<h2>Quality gate</h2>
{verdict}
<p class="caption">{escape(printable(gate.summary))}</p>{table}
</section>"""


def _table(gate: Gate) -> str:
    rows = "\n".join(map(_row, gate.checks))
    return f"""<div class="scroll" tabindex="0" role="region" aria-label="Checks of the gate">
<table class="checks" aria-label="Checks of the quality gate">
<thead><tr><th scope="col">Metric</th><th scope="col">Demanded</th><th scope="col">New</th>
<th scope="col">Live</th><th scope="col">Met</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>
</div>"""


def _row(check: Check) -> str:
    metric = METRICS[check.metric]
    bound = "at least" if metric.higher_is_better else "at most"
    demanded = (
        "nothing" if check.limit is None else f"{bound} <span>{metric.as_text(check.limit)}</span>"
    )
    # A threshold says nothing about the live model, so it has no figure of it.
    against = "<small>against live</small>" if check.rule == "regression" else ""
    live = metric.as_text(check.live) if check.rule == "regression" else "\N{EN DASH}"
    met = "yes" if check.passed else "<strong>no</strong>"
    return (
        f'<tr><th scope="row">{metric.label}{against}</th><td>{demanded}</td>'
        f"<td>{metric.as_text(check.value)}</td><td>{live}</td><td>{met}</td></tr>"
    )
