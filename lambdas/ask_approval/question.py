"""The question, written for one approver; the task token is no part of it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from urllib.parse import urlsplit

from shared.approvals import Approval
from shared.evaluation import Evaluation
from shared.figures import figures, gate_lines
from shared.gate import Gate
from shared.mail import Mail, unlinked
from shared.subscriptions import Subscription
from shared.text import amount, one_line, percent, table, utc, utc_of

# Enough to see that something is wrong; a mail has an end.
_MAX_OTHERS = 10


def write_mail(
    approval: Approval,
    *,
    approver: str,
    link: str,
    unconfirmed: Sequence[str],
    others: Sequence[Subscription],
    is_reminder: bool,
) -> Mail:
    """The mail with the evidence and the approver's own link.

    unconfirmed are the approvers who get no mail; others are the subscriptions that are no
    approver's.
    """
    evidence = approval.evidence
    name = unlinked(approval.model_name)
    body = f"""\
{_opening(approval, is_reminder=is_reminder)}

Look at the evidence and decide here, as {approver}:

{link}

The link is yours alone: do not pass it on. The page asks you to approve or to reject; opening it
decides nothing. A vote cannot be changed.
{_rules(approval, approver=approver)}
Please answer before {utc(approval.expires_at)}.
If it is not decided by then, nothing is released and the endpoint stays as it is.


RESULT ON {amount(evidence.evaluation.rows, "HELD-OUT ROW").upper()}: {evidence.comparison.upper()}

{figures(evidence)}

{_details(evidence.evaluation)}


QUALITY GATE: {"PASSED" if evidence.gate.passed else "NOT PASSED"}

{unlinked(evidence.gate.summary)}
{_checks(evidence.gate)}

WHAT IT IS

{_facts(approval)}
{_others(others)}

ABOUT THESE MAILS
{_unconfirmed(unconfirmed)}
Amazon SNS adds a link below that ends your subscription for whoever opens it, a mail scanner too.
You would then get no approval requests any more: do not use it. If the requests stop, ask the team
that runs this system to have the confirmation mail sent again (docs/operations.md).
"""
    subject = f"{name} {approval.commit_id[:8]}: {evidence.comparison}, approve?"
    return Mail.compose(subject=f"REMINDER: {subject}" if is_reminder else subject, body=body)


def _opening(approval: Approval, *, is_reminder: bool) -> str:
    name = unlinked(approval.model_name)
    if not is_reminder:
        origin = approval.evidence.trained_before
        done = f"tested ({origin.sentence})" if origin else "trained and tested"
        return (
            f"A new {name} model, version {approval.version}, has been {done}. May it be released?"
        )
    votes = [f"{vote.approver} {vote.verdict} it." for vote in approval.votes]
    return "\n".join(
        [
            f"Half of the time is over, and a new {name} model, version {approval.version}, still "
            "waits for your answer. May it be released?",
            *votes,
        ]
    )


def _rules(approval: Approval, *, approver: str) -> str:
    number = approval.approvals_required
    needed = "1 approver must approve" if number == 1 else f"{number} approvers must approve"
    rules = f"Of {len(approval.approvers)} asked, {needed}; one rejection rejects it."
    if approval.may_approve(approver):
        return rules
    return f"{rules}\nYou committed this change, so you may reject it, but not approve it."


def _details(evaluation: Evaluation) -> str:
    if evaluation.task == "regression":
        return "The page shows predicted against true values, and the largest errors."
    if evaluation.classes is None:
        return "There are too many classes to list here; the report has them all."
    rows = [["Class", "Precision", "Recall", "F1", "Rows"]]
    for score in evaluation.classes:
        shares = [percent(share) for share in (score.precision, score.recall, score.f1)]
        rows.append([unlinked(score.label), *shares, str(score.support)])
    return table(rows)


def _checks(gate: Gate) -> str:
    return f"\n{gate_lines(gate)}\n" if gate.checks else ""


def _facts(approval: Approval) -> str:
    evidence = approval.evidence
    training, origin = evidence.training, evidence.trained_before
    again = f"; {origin.sentence}" if origin else ""
    facts = [
        ("Model", unlinked(approval.model_name)),
        ("Version", f"{approval.version}, {approval.model_package_arn}"),
        ("Commit", approval.commit_id),
        ("Committer", unlinked(approval.committer)),
        ("Started by", approval.started_by),
        ("Image", approval.image_uri),
        ("Data", f"version {evidence.data.version}"),
        ("Training", f"{training.seconds} s on {training.instance_type}{again}"),
        ("Job", evidence.job_name),
        ("Predictions", approval.predictions_uri),
        ("Report", evidence.report_uri),
        ("Asked", utc_of(approval.requested_at)),
    ]
    return "\n".join(f"{name + ':':<13}{one_line(value)}" for name, value in facts if value)


def _unconfirmed(addresses: Sequence[str]) -> str:
    if not addresses:
        return ""
    return f"""
These approvers get no mail, because they have not confirmed their subscription:
{", ".join(addresses)}.
Each can do so by the link in the mail 'Subscription Confirmation' from AWS Notifications.
"""


def _others(others: Sequence[Subscription]) -> str:
    if not others:
        return ""
    more = len(others) - _MAX_OTHERS
    entries = [_other(other) for other in others[:_MAX_OTHERS]]
    if more > 0:
        entries.append(f"And {more} more.")
    return (
        """

OTHERS WHO MAY GET THESE MAILS

These confirmed subscriptions are no approver's. Each gets every approver's link, and can decide in
everybody's name, unless it has a filter policy; that cannot be seen from here. Ask whoever runs the
project to remove each that has no business here, by the command below it, or else to give it a
filter policy that lets no link through, such as {"approver": ["nobody"]}.

"""
        + "\n\n".join(entries)
        + "\n"
    )


def _other(other: Subscription) -> str:
    endpoint = other.endpoint
    if other.protocol in ("http", "https"):
        # The rest of such an address may be all that one needs to know to use it.
        endpoint = urlsplit(endpoint).hostname or ""
    return (
        f"{other.protocol}: {unlinked(endpoint)}\n\n"
        f"aws sns unsubscribe \\\n  --subscription-arn {shlex.quote(other.arn)}"
    )
