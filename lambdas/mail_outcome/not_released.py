"""The mails for a release that ended without a failure, and without a new model."""

from __future__ import annotations

from shared.figures import figures, gate_lines
from shared.mail import Mail
from shared.text import amount

from mail_outcome.outcome import Outcome
from mail_outcome.parts import facts, metrics, votes, votes_or_reason


def write_gate_failed(outcome: Outcome) -> Mail:
    """The quality gate stopped it before anybody was asked."""
    body = f"""\
The {outcome.model} is not released: it did not pass the quality gate.
Nobody was asked to approve it. Nothing was released; the endpoint stays as it was.

WHY

{_why_stopped(outcome)}


WHAT TO DO NEXT

Make the model better and commit: every commit to the model is a new release. If the limits demand
too much, change them under [gate] in settings.toml and commit that. The version stays in the
registry as rejected, with its metrics.


WHAT IT WAS

{facts(outcome)}
"""
    return Mail.compose(subject=f"NOT RELEASED: {outcome.model}, not good enough", body=body)


def write_rejected(outcome: Outcome) -> Mail:
    """An approver rejected it."""
    decision = outcome.decision
    who = decision.decided_by if decision else "an approver"
    when = f" on {decision.decided_at}" if decision else ""
    body = f"""\
The {outcome.model} was rejected by {who}{when}.
Nothing was released; the endpoint stays as it was.

WHY

{votes_or_reason(outcome)}


HOW GOOD IT WAS

{metrics(outcome)}


WHAT TO DO NEXT

Mend what was criticised and commit: every commit to the model is a new release.


WHAT IT WAS

{facts(outcome)}
"""
    return Mail.compose(subject=f"REJECTED: {outcome.model}", body=body)


def write_superseded(outcome: Outcome) -> Mail:
    """A newer release took its place."""
    decision = outcome.decision
    newer = (decision.reason if decision else "") or "A newer release takes its place"
    body = f"""\
The {outcome.model} is not released: {newer[:1].lower()}{newer[1:]}.
The endpoint stays as it was. The links in this release's approval mails say so too.
{votes(outcome)}

WHAT TO DO NEXT

You are asked about the newer release in a mail of its own, once it is trained and tested; it holds
this commit too, if it was made on top of it. To release this commit after all, or if the newer one
fails before it asks, release this one again.


HOW GOOD IT WAS

{metrics(outcome)}


WHAT IT WAS

{facts(outcome)}
"""
    return Mail.compose(subject=f"SUPERSEDED: {outcome.model}", body=body)


def write_timed_out(outcome: Outcome) -> Mail:
    """Too few people answered in time."""
    voted = bool(outcome.decision and outcome.decision.votes)
    what = "Too few people approved" if voted else "Nobody approved or rejected"
    body = f"""\
{what} the {outcome.model} in time.
Nothing was released; the endpoint stays as it was. The links in the approval mails are void.
{votes(outcome)}

WHAT TO DO NEXT

Release it again: retry the release stage of the pipeline, or start a new execution of the
workflow with the same input. You will be asked again once the model is trained and tested.


HOW GOOD IT WAS

{metrics(outcome)}


WHAT IT WAS

{facts(outcome)}
"""
    why = "too few approved" if voted else "nobody answered"
    return Mail.compose(subject=f"NOT RELEASED: {outcome.model}, {why}", body=body)


def _why_stopped(outcome: Outcome) -> str:
    evidence = outcome.evidence
    if evidence is None:
        return "The figures are not known here; the execution shows them."
    rows = evidence.evaluation.rows
    checks = evidence.gate.checks
    failed = sum(not check.passed for check in checks)
    return f"""\
{failed} of {amount(len(checks), "check")} failed.

{gate_lines(evidence.gate)}


RESULT ON {rows} HELD-OUT ROWS: {evidence.comparison.upper()}

{figures(evidence)}

Report:      {evidence.report_uri}"""
