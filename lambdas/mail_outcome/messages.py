"""The mail for each outcome."""

from __future__ import annotations

from shared.mail import Mail
from shared.text import percent

from mail_outcome.advice import advice
from mail_outcome.console import execution_link
from mail_outcome.failure import readable_reason
from mail_outcome.inference import InferenceApi, how_to_call
from mail_outcome.live_failure import is_live, what_serves, what_to_do
from mail_outcome.outcome import Outcome

_NO_SAMPLE = "feature 1,feature 2,feature 3"


def write_mail(outcome: Outcome, *, api: InferenceApi) -> Mail:
    """The mail that tells how the release ended."""
    match outcome.kind:
        case "live":
            return _live(outcome, api=api)
        case "failed":
            return _failed(outcome, region=api.region)
        case "rejected":
            return _rejected(outcome)
        case "superseded":
            return _superseded(outcome)
        case "approvalTimedOut":
            return _timed_out(outcome)


def _live(outcome: Outcome, *, api: InferenceApi) -> Mail:
    sample = outcome.evaluation.sample_row if outcome.evaluation else _NO_SAMPLE
    call = how_to_call(api, endpoint_name=outcome.endpoint_name, sample_row=sample)
    body = f"""\
The {outcome.model} is live on endpoint {outcome.endpoint_name}.

ASK IT FOR A PREDICTION

{call}


WHY IT WAS RELEASED

{_approval(outcome)}

{_metrics(outcome)}


WHAT IT IS

{_facts(outcome)}
"""
    return Mail.compose(subject=f"LIVE: {outcome.model}", body=body)


def _failed(outcome: Outcome, *, region: str) -> Mail:
    failure = outcome.failure
    reason = readable_reason(failure.cause)
    if is_live(outcome):
        subject = f"FAILED: {outcome.model} is LIVE, but failed at {failure.state}"
        standing = what_serves(outcome)
        next_step = what_to_do(outcome, region=region)
    else:
        subject = f"FAILED: {outcome.model} at {failure.state}"
        standing = "The workflow does nothing more by itself."
        next_step = advice(error=failure.error, reason=reason, state=failure.state)
    body = f"""\
The release of {outcome.model} failed at: {failure.state}
{standing}

WHY

{failure.error}
{reason}


WHAT TO DO NEXT

{next_step}


WHAT IT WAS

{_facts(outcome)}
"""
    return Mail.compose(subject=subject, body=body)


def _rejected(outcome: Outcome) -> Mail:
    decision = outcome.decision
    who = decision.decided_by if decision else "an approver"
    when = f" on {decision.decided_at}" if decision else ""
    reason = (decision.reason if decision else "") or "No reason was given."
    body = f"""\
The {outcome.model} was rejected by {who}{when}.
Nothing was released; the endpoint stays as it was.

WHY

{reason}
{_votes(outcome, unless_alone=True)}
{_metrics(outcome)}


WHAT TO DO NEXT

Mend what was criticised and commit: every commit to the model is a new release.


WHAT IT WAS

{_facts(outcome)}
"""
    return Mail.compose(subject=f"REJECTED: {outcome.model}", body=body)


def _superseded(outcome: Outcome) -> Mail:
    decision = outcome.decision
    newer = (decision.reason if decision else "") or "A newer release takes its place"
    body = f"""\
The {outcome.model} is not released: {newer[:1].lower()}{newer[1:]}.
The endpoint stays as it was. The links in this release's approval mails say so too.
{_votes(outcome)}

WHAT TO DO NEXT

You are asked about the newer release in a mail of its own, once it is trained and tested; it holds
this commit too, if it was made on top of it. To release this commit after all, or if the newer one
fails before it asks, release this one again.

{_metrics(outcome)}


WHAT IT WAS

{_facts(outcome)}
"""
    return Mail.compose(subject=f"SUPERSEDED: {outcome.model}", body=body)


def _timed_out(outcome: Outcome) -> Mail:
    votes = outcome.decision.votes if outcome.decision else ()
    what = "Too few people approved" if votes else "Nobody approved or rejected"
    body = f"""\
{what} the {outcome.model} in time.
Nothing was released; the endpoint stays as it was. The links in the approval mails are void.
{_votes(outcome)}

WHAT TO DO NEXT

Release it again: retry the release stage of the pipeline, or start a new execution of the
workflow with the same input. You will be asked again once the model is trained and tested.

{_metrics(outcome)}


WHAT IT WAS

{_facts(outcome)}
"""
    why = "too few approved" if votes else "nobody answered"
    return Mail.compose(subject=f"NOT RELEASED: {outcome.model}, {why}", body=body)


def _votes(outcome: Outcome, *, unless_alone: bool = False) -> str:
    """A paragraph with the votes; nothing if there are none, or one that is told already."""
    votes = outcome.decision.votes if outcome.decision else ()
    if len(votes) <= unless_alone:
        return ""
    return "\n" + "\n".join(votes) + "\n"


def _approval(outcome: Outcome) -> str:
    decision = outcome.decision
    if decision is None:
        return "Who approved it is not recorded here; the approvals table says."
    reason = f"\nReason: {decision.reason}" if decision.reason else ""
    approved = f"Approved by {decision.decided_by} on {decision.decided_at}.{reason}"
    return f"{approved}\n{_votes(outcome, unless_alone=True)}".rstrip()


def _metrics(outcome: Outcome) -> str:
    evaluation = outcome.evaluation
    if evaluation is None:
        return "The metrics are not known here."
    return (
        f"Accuracy {percent(evaluation.accuracy)}, macro F1 {percent(evaluation.macro_f1)} "
        f"on {evaluation.rows} held-out rows."
    )


def _facts(outcome: Outcome) -> str:
    facts = [
        f"Model:     {outcome.model_name}",
        f"Commit:    {outcome.commit_id}",
        f"Image:     {outcome.image_uri}",
        f"Execution: {outcome.execution_arn}",
    ]
    link = execution_link(outcome.execution_arn)
    if link:
        facts.append(f"\nThe execution in the console:\n{link}")
    return "\n".join(facts)
