"""Workflow step (callback): record the question and mail it to the approvers."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from shared import aws
from shared.approvals import ApprovalsTable
from shared.environment import required
from shared.logs import log_event
from shared.mail import publish
from shared.transient import transient_errors_named

from ask_approval.request import read_approval, write_mail


@dataclass(frozen=True)
class Environment:
    """What the function is deployed with."""

    approvals_table: str
    approval_topic_arn: str
    api_url: str


@cache
def environment() -> Environment:
    """Read at cold start.

    Raises:
        InvalidEnvironmentError: a variable is missing.
    """
    return Environment(
        approvals_table=required("APPROVALS_TABLE"),
        approval_topic_arn=required("APPROVAL_TOPIC_ARN"),
        api_url=required("API_URL"),
    )


def handle(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Record the approval, then mail its link; the workflow waits for the task token.

    Raises:
        InvalidEventError, AlreadyDecided, TransientError
    """
    settings = environment()
    approval = read_approval(event, now=int(time.time()))
    mail = write_mail(approval, api_url=settings.api_url)
    with transient_errors_named():
        # Recorded first: a link in a mail must always lead somewhere.
        ApprovalsTable(client=aws.dynamodb(), name=settings.approvals_table).ask(approval)
        message_id = publish(aws.sns(), topic_arn=settings.approval_topic_arn, mail=mail)
    log_event("approvalAsked", executionArn=approval.execution_arn, messageId=message_id)
    return {"messageId": message_id}
