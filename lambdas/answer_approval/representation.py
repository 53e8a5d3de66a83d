"""An answer as an HTTP response: a page for a person, JSON for a program."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from shared.approvals import Approval
from shared.http import HttpResponse
from shared.text import iso

from answer_approval.decisions import Answer
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


def represent(answer: Answer, *, as_json: bool) -> HttpResponse:
    """The response for an answer."""
    headers = {**_HEADERS, **answer.headers}
    if as_json:
        return HttpResponse.of_json(answer.status, _content(answer), headers=headers)
    headers["content-type"] = "text/html; charset=utf-8"
    return HttpResponse(status=answer.status, body=render(answer), headers=headers)


def _content(answer: Answer) -> dict[str, Any]:
    content: dict[str, Any] = {"message": answer.message}
    if answer.approval:
        content |= _approval(answer.approval)
    return content


def _approval(approval: Approval) -> dict[str, Any]:
    decision = approval.decision
    return {
        "decision": decision.verdict if decision else None,
        "decidedBy": decision.decided_by if decision else None,
        "decidedAt": decision.decided_at if decision else None,
        "reason": decision.reason if decision else None,
        "modelName": approval.model_name,
        "commitId": approval.commit_id,
        "imageUri": approval.image_uri,
        "predictionsUri": approval.predictions_uri,
        "expiresAt": iso(approval.expires_at),
        "evaluation": approval.evaluation.to_json(),
    }
