"""Who may still decide, and what happens then: recorded first, told to the workflow after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from botocore.exceptions import BotoCoreError, ClientError
from shared.approvals import AlreadyDecided, Approval, Decision
from shared.http import HttpError, HttpRequest
from shared.logs import log_event
from shared.text import iso, utc, utc_of

from answer_approval.submission import Submission, read_submission
from answer_approval.workflow import NoLongerWaitingError, UnreachableError, Workflow


class Approvals(Protocol):
    """Where approvals are kept; ApprovalsTable is one."""

    def get(self, approval_id: str) -> Approval | None:
        """The approval as it is now, or None."""

    def decide(self, approval_id: str, *, decision: Decision, now: int) -> Approval:
        """Record the decision, once, or raise AlreadyDecided."""

    def mark_told(self, approval_id: str, *, told_at: str) -> None:
        """Note that the workflow knows."""


@dataclass(frozen=True)
class Answer:
    """What a person gets to see, as a page or as JSON.

    form is what to show in the form to decide, None for no form; resend offers to tell the
    workflow again.
    """

    status: int
    title: str
    message: str
    approval: Approval | None = None
    form: Submission | None = None
    resend: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Decisions:
    """The rules for one request at *now* (epoch seconds)."""

    approvals: Approvals
    workflow: Workflow
    now: int

    def show(self, approval: Approval) -> Answer:
        """The state of the approval; changes nothing."""
        if approval.decision:
            untold = approval.workflow_told_at is None
            return replace(_decided(approval, status=200), resend=untold)
        if approval.expires_at <= self.now:
            return _expired(approval)
        return _pending(approval)

    def post(self, approval: Approval, request: HttpRequest) -> Answer:
        """Take the decision, or say why there is none to take any more."""
        if approval.decision:
            return self._settle(approval)
        if approval.expires_at <= self.now:
            return _expired(approval)
        submission = Submission(decision="", name="", reason="")
        try:
            submission = read_submission(request)
            verdict = submission.verdict()
        except HttpError as error:
            return replace(
                _pending(approval),
                status=error.status,
                title="Not decided yet",
                message=error.message,
                form=submission,
            )
        decision = Decision(
            verdict=verdict,
            decided_by=submission.name,
            reason=submission.reason,
            decided_at=iso(self.now),
            source_ip=request.source_ip,
        )
        return self._decide(approval.approval_id, decision)

    def _decide(self, approval_id: str, decision: Decision) -> Answer:
        try:
            decided = self.approvals.decide(approval_id, decision=decision, now=self.now)
        except AlreadyDecided:
            # Somebody was faster, or the time ran out between reading and writing.
            return self._lost_race(approval_id)
        log_event("approvalDecided", decision=decision.verdict, executionArn=decided.execution_arn)
        return self._tell(decided, done=_decided(decided, status=200))

    def _lost_race(self, approval_id: str) -> Answer:
        approval = self.approvals.get(approval_id)
        if approval is None:
            raise HttpError(404, "This approval is not there any more.")
        return self._settle(approval) if approval.decision else _expired(approval)

    def _settle(self, approval: Approval) -> Answer:
        """A decision is there already: make sure that the workflow knows it."""
        if approval.workflow_told_at:
            return _decided(approval, status=409)
        done = replace(
            _decided(approval, status=200),
            message=f"{_sentence(approval)} The workflow did not know yet and has now been told.",
        )
        return self._tell(approval, done=done)

    def _tell(self, approval: Approval, *, done: Answer) -> Answer:
        decision = approval.decision
        if decision is None:
            raise ValueError("Only a decided approval can be told.")
        try:
            self.workflow.tell(decision, task_token=approval.task_token)
        except NoLongerWaitingError as error:
            return self._not_waiting(approval, reason=str(error))
        except UnreachableError as error:
            log_event(
                "workflowUnreachable",
                level="ERROR",
                error=str(error),
                executionArn=approval.execution_arn,
            )
            return replace(
                done,
                status=503,
                title="Recorded, but not passed on",
                message=f"{_sentence(approval)} The workflow could not be told just now. "
                "Send it again in a moment; the recorded decision stays as it is.",
                resend=True,
                headers={"retry-after": "5"},
            )
        self._mark_told(approval)
        return done

    def _not_waiting(self, approval: Approval, *, reason: str) -> Answer:
        # Two clicks at once both pass the decision on; the second is not a problem to report.
        latest = self.approvals.get(approval.approval_id)
        if latest and latest.workflow_told_at:
            return _decided(latest, status=409)
        log_event(
            "workflowNotWaiting",
            level="WARNING",
            error=reason,
            executionArn=approval.execution_arn,
        )
        return Answer(
            status=410,
            title="The run no longer waits",
            message=f"{_sentence(approval)} The run no longer waits for an answer: it was stopped, "
            "its time ran out, or it has the answer already. To ask again, release the commit "
            "again.",
            approval=approval,
        )

    def _mark_told(self, approval: Approval) -> None:
        try:
            self.approvals.mark_told(approval.approval_id, told_at=iso(self.now))
        except (ClientError, BotoCoreError) as error:
            # The decision is made and known; only the note about it is missing.
            log_event("toldNotMarked", level="ERROR", error=type(error).__name__)


def _pending(approval: Approval) -> Answer:
    return Answer(
        status=200,
        title=f"Release this {approval.model_name} model?",
        message=f"Waiting for a decision until {utc(approval.expires_at)}.",
        approval=approval,
        form=Submission(decision="", name="", reason=""),
    )


def _decided(approval: Approval, *, status: int) -> Answer:
    verdict = approval.decision.verdict if approval.decision else ""
    prefix = "Already " if status == 409 else ""
    return Answer(
        status=status,
        title=f"{prefix}{verdict}".capitalize(),
        message=_sentence(approval),
        approval=approval,
    )


def _expired(approval: Approval) -> Answer:
    return Answer(
        status=410,
        title="The time to decide is over",
        message=f"Nobody decided before {utc(approval.expires_at)}, so nothing was released. "
        "To be asked again, release the commit again.",
        approval=approval,
    )


def _sentence(approval: Approval) -> str:
    decision = approval.decision
    if decision is None:
        return "Nothing has been decided."
    return f"{decision.decided_by} {decision.verdict} this model on {utc_of(decision.decided_at)}."
