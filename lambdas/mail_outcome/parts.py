"""What several mails have in common."""

from __future__ import annotations

from shared.figures import metrics_line

from mail_outcome.console import execution_link
from mail_outcome.outcome import Outcome


def votes(outcome: Outcome) -> str:
    """A paragraph with a line for each vote; nothing if there are none."""
    lines = outcome.decision.votes if outcome.decision else ()
    return "\n" + "\n".join(lines) + "\n" if lines else ""


def votes_or_reason(outcome: Outcome) -> str:
    """Why it was decided so: the one reason, or each vote with its own."""
    decision = outcome.decision
    if decision and len(decision.votes) > 1:
        return "\n".join(decision.votes)
    return (decision.reason if decision else "") or "No reason was given."


def metrics(outcome: Outcome) -> str:
    """The metrics, in one sentence."""
    if outcome.evaluation is None:
        return "The metrics are not known here."
    return metrics_line(outcome.evaluation)


def facts(outcome: Outcome) -> str:
    """Which release it is."""
    lines = [f"Model:     {outcome.model_name}"]
    if outcome.version:
        lines.append(f"Version:   {outcome.version.number}, {outcome.version.arn}")
    lines += [
        f"Commit:    {outcome.commit_id}",
        f"Image:     {outcome.image_uri}",
    ]
    if outcome.trained_before:
        lines.append(f"Training:  {outcome.trained_before.sentence}")
    lines.append(f"Execution: {outcome.execution_arn}")
    link = execution_link(outcome.execution_arn)
    if link:
        lines.append(f"\nThe execution in the console:\n{link}")
    return "\n".join(lines)
