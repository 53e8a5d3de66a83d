"""HTTP API: the page behind the link in an approval mail. GET shows, POST decides."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from shared import aws
from shared.approvals import Approval
from shared.approvals_table import ApprovalsTable
from shared.environment import required
from shared.http import HttpError, HttpRequest, HttpResponse
from shared.links import KmsLinkKey, LinkKey
from shared.logs import log_event
from shared.transient import TransientError

from answer_approval.access import Approvals, RefusedError, open_link, read_link
from answer_approval.answer import Answer
from answer_approval.decisions import Decisions
from answer_approval.evidence import PredictionFile
from answer_approval.prediction_files import prediction_files
from answer_approval.representation import represent
from answer_approval.submission import require_readable

_METHODS = ("GET", "HEAD", "POST")
_TITLES = {
    405: "This cannot be done here",
    413: "That is too much",
    415: "That cannot be read",
}


@dataclass(frozen=True)
class Environment:
    """What the function is deployed with."""

    approvals_table: str
    link_key_arn: str


@cache
def environment() -> Environment:
    """Read at cold start.

    Raises:
        InvalidEnvironmentError: a variable is missing.
    """
    return Environment(
        approvals_table=required("APPROVALS_TABLE"), link_key_arn=required("LINK_KEY_ARN")
    )


@dataclass(frozen=True)
class Resources:
    """What the function works with; files makes links to an approval's prediction files."""

    approvals: Approvals
    key: LinkKey
    files: Callable[[Approval], Sequence[PredictionFile]]


def handle(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Answer one API Gateway event."""
    settings = environment()
    resources = Resources(
        approvals=ApprovalsTable.of(aws.dynamodb(), name=settings.approvals_table),
        key=KmsLinkKey(client=aws.kms(), key_arn=settings.link_key_arn),
        files=lambda approval: prediction_files(aws.s3_links(), approval),
    )
    return respond(event, resources=resources, now=int(time.time())).to_event()


def respond(event: Mapping[str, Any], *, resources: Resources, now: int) -> HttpResponse:
    """The page, or JSON for a program, at *now* (epoch seconds)."""
    # The body of a request that cannot even be read must not keep its method from being known.
    request = HttpRequest.from_event({**event, "body": "", "isBase64Encoded": False})
    files: Sequence[PredictionFile] = ()
    try:
        request = HttpRequest.from_event(event)
        answer = _answer(request, resources=resources, now=now)
        if answer.approval and not request.wants_json:
            files = resources.files(answer.approval)
    except HttpError as error:
        answer = _refused(error)
    except (ClientError, BotoCoreError, TransientError) as error:
        log_event("approvalsUnreachable", level="ERROR", error=type(error).__name__)
        answer = _UNREACHABLE
    log_event("approvalAnswered", method=request.method, status=answer.status)
    response = represent(answer, files=files, as_json=request.wants_json, now=now)
    return replace(response, body="") if request.method == "HEAD" else response


_UNREACHABLE = Answer(
    status=503,
    title="Please try again",
    message="The approvals could not be reached just now. Open the link again in a moment: it "
    "shows whether your decision was recorded.",
    headers={"retry-after": "5"},
)


def _answer(request: HttpRequest, *, resources: Resources, now: int) -> Answer:
    if request.method not in _METHODS:
        raise HttpError(
            405, "Use GET to look and POST to decide.", headers={"allow": ", ".join(_METHODS)}
        )
    signed = read_link(request)
    posted = request.method == "POST"
    if posted:
        require_readable(request)
    approval, approver = open_link(
        signed, key=resources.key, approvals=resources.approvals, now=now
    )
    decisions = Decisions(approvals=resources.approvals, approver=approver, now=now)
    return decisions.post(approval, request) if posted else decisions.show(approval)


def _refused(error: HttpError) -> Answer:
    title = error.title if isinstance(error, RefusedError) else _TITLES.get(error.status)
    return Answer(
        status=error.status,
        title=title or "This did not work",
        message=error.message,
        headers=error.headers,
    )
