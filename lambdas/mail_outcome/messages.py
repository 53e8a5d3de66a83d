"""The mail for each outcome."""

from __future__ import annotations

from shared.mail import Mail

from mail_outcome.failed import write_failed
from mail_outcome.inference import InferenceApi
from mail_outcome.live import write_live, write_put_back
from mail_outcome.not_released import (
    write_gate_failed,
    write_rejected,
    write_superseded,
    write_timed_out,
)
from mail_outcome.outcome import Outcome
from mail_outcome.serving import Standing


def write_mail(outcome: Outcome, *, api: InferenceApi, standing: Standing) -> Mail:
    """The mail that tells how the release ended; standing is what serves after a failure."""
    match outcome.kind:
        case "live":
            return write_live(outcome, api=api)
        case "putBack":
            return write_put_back(outcome, api=api)
        case "failed":
            return write_failed(outcome, standing=standing, region=api.region)
        case "gateFailed":
            return write_gate_failed(outcome)
        case "rejected":
            return write_rejected(outcome)
        case "superseded":
            return write_superseded(outcome)
        case "approvalTimedOut":
            return write_timed_out(outcome)
