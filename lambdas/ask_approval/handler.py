"""Workflow step (callback): record the question and mail each approver a link of their own."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from shared import aws
from shared.approvals import Approval
from shared.approvals_table import ApprovalsTable
from shared.environment import count, one_of, required, texts
from shared.links import Claim, KmsLinkKey, approver_key, link_of
from shared.logs import log_event
from shared.mail import publish
from shared.subscriptions import (
    Subscription,
    addresses_of,
    confirmed_subscriptions,
    others_among,
    require_enough,
)
from shared.superseding import ask
from shared.transient import transient_errors_named

from ask_approval.question import write_mail
from ask_approval.request import Asked, Request, read_request

_FLAGS = ("true", "false")


@dataclass(frozen=True)
class Environment:
    """What the function is deployed with."""

    approvals_table: str
    approval_topic_arn: str
    api_url: str
    link_key_arn: str
    asked: Asked


@cache
def environment() -> Environment:
    """Read at cold start.

    Raises:
        InvalidEnvironmentError: a variable is missing or wrong.
    """
    approvers = texts("APPROVERS")
    return Environment(
        approvals_table=required("APPROVALS_TABLE"),
        approval_topic_arn=required("APPROVAL_TOPIC_ARN"),
        api_url=required("API_URL"),
        link_key_arn=required("LINK_KEY_ARN"),
        asked=Asked(
            approvers=approvers,
            approvals_required=count("APPROVALS_REQUIRED", at_most=len(approvers)),
            committer_may_approve=one_of("COMMITTER_MAY_APPROVE", _FLAGS) == "true",
        ),
    )


def handle(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Record the question, then mail its links; the workflow waits for the task token.

    Who has voted gets no mail, and nobody does if the approval is settled: the table's stream
    tells the workflow then.

    Raises:
        InvalidEventError, ApproversNotConfirmed, TransientError
    """
    deployed = environment()
    request = read_request(event, asked=deployed.asked, now=int(time.time()))
    with transient_errors_named():
        subscribed = confirmed_subscriptions(aws.sns(), topic_arn=deployed.approval_topic_arn)
        if not request.is_reminder:
            require_enough(
                addresses_of(subscribed),
                approval=request.approval,
                topic_arn=deployed.approval_topic_arn,
            )
        # Recorded first: a link in a mail must always lead somewhere.
        table = ApprovalsTable.of(aws.dynamodb(), name=deployed.approvals_table)
        approval = ask(table, request.approval)
        try:
            mailed = _mail(approval, request=request, subscribed=subscribed, deployed=deployed)
        except (BotoCoreError, ClientError) as error:
            # The state must go on listening for votes; the first mail's links hold as well.
            if not request.is_reminder:
                raise
            log_event("reminderNotSent", level="ERROR", error=type(error).__name__)
            mailed = 0
    log_event(
        "reminded" if request.is_reminder else "approvalAsked",
        executionArn=approval.execution_arn,
        status=approval.status,
        mails=mailed,
    )
    return {"mails": mailed}


def _mail(
    approval: Approval,
    *,
    request: Request,
    subscribed: Sequence[Subscription],
    deployed: Environment,
) -> int:
    """Mail everybody who can still vote; returns how many mails that were."""
    if approval.status != "PENDING":
        return 0
    key = KmsLinkKey(client=aws.kms(), key_arn=deployed.link_key_arn)
    confirmed = addresses_of(subscribed)
    unconfirmed = [one for one in approval.approvers if one.casefold() not in confirmed]
    waited_for = [
        one for one in approval.approvers if one not in unconfirmed and not approval.vote_of(one)
    ]
    others = others_among(subscribed, approvers=approval.approvers)
    for approver in waited_for:
        claim = Claim(
            approval_id=approval.approval_id,
            approver=approver_key(approver),
            expires=approval.expires_at,
        )
        mail = write_mail(
            approval,
            approver=approver,
            link=link_of(claim, api_url=deployed.api_url, key=key),
            unconfirmed=unconfirmed,
            others=others,
            is_reminder=request.is_reminder,
        )
        # Each subscription lets through what names its own address only.
        publish(
            aws.sns(),
            topic_arn=deployed.approval_topic_arn,
            mail=mail,
            attributes={"approver": approver},
        )
    return len(waited_for)
