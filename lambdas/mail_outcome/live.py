"""The mails for a model that is live: a new one, or one that was put back."""

from __future__ import annotations

from shared.mail import Mail

from mail_outcome.inference import InferenceApi, how_to_call
from mail_outcome.outcome import Outcome
from mail_outcome.parts import facts, metrics, votes_or_reason

_NO_SAMPLE = "feature 1,feature 2,feature 3"


def write_live(outcome: Outcome, *, api: InferenceApi) -> Mail:
    """A new version serves."""
    body = f"""\
The {outcome.model} is live on endpoint {outcome.endpoint_name}{_as_version(outcome)}.

ASK IT FOR A PREDICTION

{_call(outcome, api=api)}


WHY IT WAS RELEASED

{_approval(outcome)}


HOW GOOD IT IS

{metrics(outcome)}


WHAT IT IS

{facts(outcome)}
"""
    return Mail.compose(subject=f"LIVE: {outcome.model}", body=body)


def write_put_back(outcome: Outcome, *, api: InferenceApi) -> Mail:
    """A version that was approved before serves again."""
    number = outcome.version.number if outcome.version else "unknown"
    body = f"""\
Version {number} is live again on endpoint {outcome.endpoint_name}: the {outcome.model}.
It was put back as it was, without training it again, and its test on the endpoint succeeded.

WHY

{outcome.reason or "No reason was given."}


WHAT TO DO NEXT

The repository has not changed: the next commit to the model releases what is there. Revert what
must not come back.


ASK IT FOR A PREDICTION

{_call(outcome, api=api)}


WHY IT WAS RELEASED AT FIRST

{_approval(outcome, label="The registry says")}


HOW GOOD IT WAS THEN

{metrics(outcome)}


WHAT IT IS

{facts(outcome)}
"""
    return Mail.compose(subject=f"PUT BACK: {outcome.model}, version {number}", body=body)


def _as_version(outcome: Outcome) -> str:
    return f", as version {outcome.version.number}" if outcome.version else ""


def _call(outcome: Outcome, *, api: InferenceApi) -> str:
    sample = outcome.evaluation.sample_row if outcome.evaluation else _NO_SAMPLE
    return how_to_call(api, endpoint_name=outcome.endpoint_name, sample_row=sample)


def _approval(outcome: Outcome, *, label: str = "Reason") -> str:
    decision = outcome.decision
    if decision is None:
        return "Who approved it is not recorded here; the approvals table says."
    approved = f"Approved by {decision.decided_by} on {decision.decided_at}."
    if len(decision.votes) > 1:
        return f"{approved}\n\n{votes_or_reason(outcome)}"
    return f"{approved}\n{label}: {decision.reason}" if decision.reason else approved
