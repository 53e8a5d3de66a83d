"""Who may still decide, and what is said to whom. A decision is only written here.

The stream of the table tells the workflow, and does so again until it has worked.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import uuid4

from shared.approvals import Approval, Vote
from shared.approvals_table import VoteRefusedError
from shared.http import HttpError, HttpRequest
from shared.logs import log_event
from shared.text import iso, utc, utc_of

from answer_approval.access import Approvals
from answer_approval.answer import Answer
from answer_approval.submission import Submission, read_submission


@dataclass(frozen=True)
class Decisions:
    """The rules for one approver at *now* (epoch seconds)."""

    approvals: Approvals
    approver: str
    now: int

    def show(self, approval: Approval) -> Answer:
        """The state of the approval; changes nothing."""
        if approval.takes_votes(now=self.now):
            vote = approval.vote_of(self.approver)
            return self._voted(approval, vote, status=200) if vote else self._open(approval)
        return self._closed(approval, status=200)

    def post(self, approval: Approval, request: HttpRequest) -> Answer:
        """Take the approver's vote, or say why there is none to take."""
        refusal = self._refusal(approval)
        if refusal:
            return refusal
        submission = Submission()
        try:
            submission = read_submission(request)
            verdict = submission.verdict()
        except HttpError as error:
            return self._mend(approval, submission, status=error.status, message=error.message)
        if verdict == "approved" and not approval.may_approve(self.approver):
            return self._mend(
                approval,
                submission,
                status=403,
                message="You committed this change, so somebody else must approve it. You can "
                "reject it.",
            )
        return self._vote(
            approval.approval_id,
            Vote(
                approver=self.approver,
                verdict=verdict,
                reason=submission.reason,
                voted_at=iso(self.now),
                source_ip=request.source_ip,
                request_id=uuid4().hex,
            ),
        )

    def _vote(self, approval_id: str, vote: Vote) -> Answer:
        try:
            approval = self.approvals.vote(approval_id, vote=vote, now=self.now)
        except VoteRefusedError:
            # Somebody was faster, the same person clicked twice, or the answer to a first try of
            # this very write was lost and the second met it.
            latest = self.approvals.get(approval_id)
            counted = latest.vote_of(self.approver) if latest else None
            if latest and counted and counted.request_id == vote.request_id:
                return self._counted(latest, vote)
            refusal = self._refusal(latest) if latest else None
            if refusal is None:
                raise HttpError(
                    409, "The approval changed just now. Open the link again to see it."
                ) from None
            return refusal
        return self._counted(approval, vote)

    def _counted(self, approval: Approval, vote: Vote) -> Answer:
        log_event(
            "voteRecorded",
            verdict=vote.verdict,
            status=approval.status,
            executionArn=approval.execution_arn,
        )
        if approval.status == "PENDING":
            return self._voted(approval, vote, status=200)
        return self._closed(approval, status=200)

    def _refusal(self, approval: Approval) -> Answer | None:
        """Why this approver cannot vote any more; None if they can."""
        if not approval.takes_votes(now=self.now):
            return self._closed(approval, status=409)
        vote = approval.vote_of(self.approver)
        return self._voted(approval, vote, status=409) if vote else None

    def _open(self, approval: Approval) -> Answer:
        return self._answer(
            approval,
            title=f"Release this {approval.model_name} model?",
            message=f"Version {approval.version} waits for a decision until "
            f"{utc(approval.expires_at)}.",
            form=Submission(),
        )

    def _mend(
        self, approval: Approval, submission: Submission, *, status: int, message: str
    ) -> Answer:
        return self._answer(
            approval, status=status, title="Not decided yet", message=message, form=submission
        )

    def _voted(self, approval: Approval, vote: Vote, *, status: int) -> Answer:
        missing = approval.approvals_missing
        again = "already " if status == 409 else ""
        first = (
            "What you sent now was not counted: your first vote stands. If the model must not be "
            "released, another approver can reject it. "
            if status == 409
            else ""
        )
        return self._answer(
            approval,
            status=status,
            title=f"You have {again}{vote.verdict}",
            message=f"{first}You {vote.verdict} this model on {utc_of(vote.voted_at)}. "
            f"{missing} more {'approval is' if missing == 1 else 'approvals are'} needed before "
            f"{utc(approval.expires_at)}.",
        )

    def _closed(self, approval: Approval, *, status: int) -> Answer:
        """The end of an approval; *status* if it was decided."""
        again = "Already " if status == 409 else ""
        match approval.status:
            case "APPROVED" | "REJECTED":
                title, message = f"{again}{approval.status}".capitalize(), _decided(approval)
                if status == 409:
                    message += " What you sent now was not counted."
            case "SUPERSEDED":
                title = f"{again}superseded".capitalize()
                message = (
                    f"A newer release, {approval.superseded_by}, took its place on "
                    f"{utc_of(approval.settled_at or '')}. This one is not released; you are asked "
                    "about the newer one in a mail of its own, once it is trained and tested. If "
                    "it fails before that, release this commit again."
                )
            case "CANCELLED":
                status = 410 if status == 409 else status
                title = "The run was stopped"
                message = (
                    "The run that asked for this approval ended on "
                    f"{utc_of(approval.settled_at or '')}, before it was decided. It releases "
                    "nothing. To be asked again, release the commit again."
                )
            case _:
                status, title = 410, "The time to decide is over"
                message = (
                    f"It was not decided before {utc(approval.expires_at)}, so nothing was "
                    "released. To be asked again, release the commit again."
                )
        return self._answer(approval, status=status, title=title, message=message)

    def _answer(
        self,
        approval: Approval,
        *,
        title: str,
        message: str,
        status: int = 200,
        form: Submission | None = None,
    ) -> Answer:
        return Answer(
            status=status,
            title=title,
            message=message,
            approval=approval,
            reader=self.approver,
            form=form,
        )


def _decided(approval: Approval) -> str:
    """Who decided what, and when, as a sentence."""
    who = " and ".join(vote.approver for vote in approval.deciding_votes)
    when = utc_of(approval.settled_at or "")
    follows = (
        "A mail says when it is live, or why it is not."
        if approval.status == "APPROVED"
        else "Nothing is released: what was live stays live."
    )
    return f"{who} {approval.status.lower()} this model on {when}. {follows}"
