"""What a person gets to see, as a page or as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.approvals import Approval

from answer_approval.submission import Submission


@dataclass(frozen=True)
class Answer:
    """The answer to one request.

    approval and reader (the approver's address) are there for those whose link is right only;
    form is what to show in the form to decide, None for no form.
    """

    status: int
    title: str
    message: str
    approval: Approval | None = None
    reader: str = ""
    form: Submission | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
