"""HTTP API: the page behind the link in an approval mail. GET shows, POST decides."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from shared import aws
from shared.approvals import APPROVAL_ID, ApprovalsTable
from shared.environment import required
from shared.http import HttpError, HttpRequest, HttpResponse
from shared.logs import log_event

from answer_approval.decisions import Answer, Approvals, Decisions
from answer_approval.representation import represent
from answer_approval.submission import require_readable
from answer_approval.workflow import StepFunctionsWorkflow, Workflow

_ALLOWED = "GET, HEAD, POST"
_NOT_FOUND = "There is no such approval. Check that the link was copied from the mail as a whole."


@dataclass(frozen=True)
class Environment:
    """What the function is deployed with."""

    approvals_table: str


@cache
def environment() -> Environment:
    """Read at cold start.

    Raises:
        InvalidEnvironmentError: a variable is missing.
    """
    return Environment(approvals_table=required("APPROVALS_TABLE"))


def handle(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Answer one API Gateway event."""
    return respond(
        event,
        approvals=ApprovalsTable(client=aws.dynamodb(), name=environment().approvals_table),
        workflow=StepFunctionsWorkflow(client=aws.stepfunctions()),
        now=int(time.time()),
    ).to_event()


def respond(
    event: Mapping[str, Any], *, approvals: Approvals, workflow: Workflow, now: int
) -> HttpResponse:
    """The page, or JSON for a program, at *now* (epoch seconds)."""
    http = event["requestContext"]["http"]
    # The body of a request that cannot even be read must not keep its method from being known.
    request = HttpRequest.from_event({**event, "body": "", "isBase64Encoded": False})
    try:
        request = HttpRequest.from_event(event)
        answer = _answer(request, Decisions(approvals=approvals, workflow=workflow, now=now))
    except HttpError as error:
        answer = Answer(
            status=error.status,
            title=_TITLES.get(error.status, "This did not work"),
            message=error.message,
            headers=error.headers,
        )
    except (ClientError, BotoCoreError) as error:
        log_event("approvalsUnreachable", level="ERROR", error=type(error).__name__)
        answer = Answer(
            status=503,
            title="Please try again",
            message="The approvals could not be reached just now. Open the link again in a "
            "moment: it shows whether a decision was recorded.",
            headers={"retry-after": "5"},
        )
    log_event("approvalAnswered", method=str(http["method"]), status=answer.status)
    response = represent(answer, as_json=request.wants_json)
    return replace(response, body="") if request.method == "HEAD" else response


_TITLES = {
    404: "Nothing here",
    405: "This cannot be done here",
    413: "That is too much",
    415: "That cannot be read",
}


def _answer(request: HttpRequest, decisions: Decisions) -> Answer:
    if request.method not in ("GET", "HEAD", "POST"):
        raise HttpError(
            405,
            f"Use GET to look and POST to decide, not {request.method}.",
            headers={"allow": _ALLOWED},
        )
    approval_id = request.path_parameters.get("approvalId", "")
    if not APPROVAL_ID.fullmatch(approval_id):
        raise HttpError(404, _NOT_FOUND)
    posted = request.method == "POST"
    if posted:
        require_readable(request)
    approval = decisions.approvals.get(approval_id)
    if approval is None:
        raise HttpError(404, _NOT_FOUND)
    return decisions.post(approval, request) if posted else decisions.show(approval)
