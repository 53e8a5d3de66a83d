"""Who may see an approval: the person whose signed link it is, until it expires.

Nothing is looked up before the signature is known to be right, and no refusal tells anything of an
approval.
"""

from __future__ import annotations

from typing import Protocol

from shared.approvals import Approval, Vote
from shared.http import HttpError, HttpRequest
from shared.links import IncompleteLinkError, LinkKey, SignedClaim
from shared.text import utc


class Approvals(Protocol):
    """Where approvals are kept; ApprovalsTable is one."""

    def get(self, approval_id: str) -> Approval | None:
        """The approval as it is now, or None."""

    def vote(self, approval_id: str, *, vote: Vote, now: int) -> Approval:
        """Count a vote, once, or raise VoteRefusedError."""


class RefusedError(HttpError):
    """A link that opens nothing; title is for the page."""

    def __init__(self, status: int, title: str, message: str) -> None:
        super().__init__(status, message)
        self.title = title


def read_link(request: HttpRequest) -> SignedClaim:
    """The link of a request.

    Raises:
        RefusedError: 400, a part is missing or cannot be.
    """
    try:
        return SignedClaim.read(path_parameters=request.path_parameters, query=request.query)
    except IncompleteLinkError:
        raise RefusedError(
            400,
            "This link is not complete",
            "A part of the link is missing, was changed, is there twice, or has something after "
            "its end. Copy the whole link from the mail, from http to its end, on one line.",
        ) from None


def open_link(
    signed: SignedClaim, *, key: LinkKey, approvals: Approvals, now: int
) -> tuple[Approval, str]:
    """The approval behind a link at *now* (epoch seconds), and the address of its approver.

    Raises:
        RefusedError: 403, 404 or 410.
    """
    claim = signed.claim
    if not signed.is_signed_by(key):
        raise RefusedError(
            403,
            "This link is not right",
            "The link was changed, or it was made by another system. Open the link in your own "
            "mail, or copy it from there as a whole.",
        )
    if claim.expires <= now:
        raise RefusedError(
            410,
            "The time to decide is over",
            f"This link was good until {utc(claim.expires)} and opens nothing any more. A mail to "
            "the team says how the release ended. To be asked again, release the commit again.",
        )
    approval = approvals.get(claim.approval_id)
    if approval is None:
        raise RefusedError(
            404,
            "Nothing here",
            "There is no such approval any more. To be asked again, release the commit again.",
        )
    approver = approval.approver_of(claim.approver)
    if approver is None:
        raise RefusedError(
            403,
            "You were not asked",
            "This link is for somebody who is not among the approvers of this release.",
        )
    return approval, approver
