"""The figures of a release as plain text, for mails."""

from __future__ import annotations

from shared.evaluation import Evaluation
from shared.evidence import Evidence
from shared.gate import Gate
from shared.mail import unlinked
from shared.metrics import metrics_of
from shared.text import table


def figures(evidence: Evidence) -> str:
    """The metrics as a table, beside those of the live model, and what they can be held against."""
    new, live = evidence.evaluation, evidence.live
    metrics = metrics_of(new.task)
    if live is None:
        rows = [[metric.label, metric.as_text(new.metrics[metric.name])] for metric in metrics]
        return f"{table(rows)}\n\n{_why_alone(evidence)}"
    rows = [
        [
            metric.label,
            metric.as_text(new.metrics[metric.name]),
            metric.as_text(live.metrics[metric.name]),
        ]
        for metric in metrics
    ]
    again = "again on the data of today" if live.compared_anew else "on the same held-out data"
    return (
        f"{table([['', 'New', f'Live ({unlinked(live.commit_id)[:8]})'], *rows])}\n\n"
        f"Live is {unlinked(live.name)}, measured {again}."
    )


def gate_lines(gate: Gate) -> str:
    """Every check of the gate on a line of its own, the failed ones first."""
    checks = sorted(gate.checks, key=lambda check: check.passed)
    lines = [f"{'passed' if check.passed else 'FAILED'}  {check.text}" for check in checks]
    return "\n".join(lines) or unlinked(gate.summary)


def metrics_line(evaluation: Evaluation) -> str:
    """The metrics in one sentence."""
    parts = [
        f"{metric.label} {metric.as_text(evaluation.metrics[metric.name])}"
        for metric in metrics_of(evaluation.task)
    ]
    return f"{', '.join(parts)} on {evaluation.rows} held-out rows."


def _why_alone(evidence: Evidence) -> str:
    if evidence.live_problem:
        return f"A model is live, and could not be compared: {unlinked(evidence.live_problem)}"
    return "No model is live yet."
