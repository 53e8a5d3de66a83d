"""An answer as an HTTP response: a page for a person, JSON for a program."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from typing import Any

from shared.approvals import Approval
from shared.http import HttpResponse
from shared.text import iso

from answer_approval.answer import Answer
from answer_approval.evidence import PredictionFile
from answer_approval.page import render
from answer_approval.style import STYLE

# The one inline style is allowed by its hash; nothing else may load, run or frame the page:
# https://www.w3.org/TR/CSP3/#external-hash
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
    "referrer-policy": "no-referrer",
    "vary": "accept",
    "x-content-type-options": "nosniff",
}


def represent(
    answer: Answer, *, files: Sequence[PredictionFile], as_json: bool, now: int
) -> HttpResponse:
    """The response for an answer at *now* (epoch seconds)."""
    headers = {**_HEADERS, **answer.headers}
    if as_json:
        return HttpResponse.of_json(answer.status, _content(answer), headers=headers)
    headers["content-type"] = "text/html; charset=utf-8"
    body = render(answer, files=files, now=now)
    return HttpResponse(status=answer.status, body=body, headers=headers)


def _content(answer: Answer) -> dict[str, Any]:
    content: dict[str, Any] = {"message": answer.message}
    if answer.approval:
        content |= {"approver": answer.reader, **_approval(answer.approval)}
    return content


def _approval(approval: Approval) -> dict[str, Any]:
    decision = {} if approval.status == "PENDING" else approval.decision()
    return {
        "status": approval.status,
        "decision": decision.get("decision"),
        "decidedBy": decision.get("decidedBy") or None,
        "decidedAt": decision.get("decidedAt"),
        "reason": decision.get("reason"),
        "approvalsRequired": approval.approvals_required,
        "votes": [vote.to_json() for vote in approval.votes],
        "modelName": approval.model_name,
        "modelPackageArn": approval.model_package_arn,
        "commitId": approval.commit_id,
        "imageUri": approval.image_uri,
        "predictionsUri": approval.predictions_uri,
        "expiresAt": iso(approval.expires_at),
        "comparison": approval.evidence.comparison,
        "gate": approval.evidence.gate.to_json(),
        "evaluation": approval.evidence.evaluation.to_json(),
    }
