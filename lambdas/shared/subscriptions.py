"""Who gets mail: an address none before its owner has confirmed, and others than approvers too.

https://docs.aws.amazon.com/sns/latest/dg/sns-email-notifications.html
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.approvals import Approval

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

_MAIL = ("email", "email-json")


class ApproversNotConfirmed(Exception):  # noqa: N818 - the class name is the error name in the workflow
    """Fewer people can answer than must approve."""


@dataclass(frozen=True)
class Subscription:
    """A confirmed subscription; protocol and endpoint as Amazon SNS names them."""

    protocol: str
    endpoint: str
    arn: str


def confirmed_subscriptions(sns: SNSClient, *, topic_arn: str) -> tuple[Subscription, ...]:
    """Everything that the topic's mail may go to; what a filter policy keeps away is not known.

    A subscription that waits for its confirmation, or was ended, has a word in place of an ARN:
    https://docs.aws.amazon.com/sns/latest/api/API_ListSubscriptionsByTopic.html
    """
    pages = sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic_arn)
    return tuple(
        Subscription(protocol=one["Protocol"], endpoint=one["Endpoint"], arn=one["SubscriptionArn"])
        for page in pages
        for one in page["Subscriptions"]
        if one["SubscriptionArn"].startswith("arn:")
    )


def addresses_of(subscriptions: Iterable[Subscription]) -> frozenset[str]:
    """The addresses, casefolded, that get mail."""
    return frozenset(one.endpoint.casefold() for one in subscriptions if one.protocol in _MAIL)


def others_among(
    subscriptions: Iterable[Subscription], *, approvers: Iterable[str]
) -> Sequence[Subscription]:
    """The subscriptions that are no approver's mail, and may yet get every approver's link."""
    expected = {approver.casefold() for approver in approvers}
    return [
        one
        for one in subscriptions
        if one.protocol not in _MAIL or one.endpoint.casefold() not in expected
    ]


def shortage(
    *,
    approvers: Sequence[str],
    barred: Collection[str],
    approvals_required: int,
    confirmed: frozenset[str],
    topic_arn: str,
) -> str:
    """Why approvals cannot come, and who must do what; "" if enough people can give theirs.

    Args:
        barred: the approvers who may not approve this release.
        confirmed: the addresses, casefolded, that get mail.
    """
    unconfirmed = [one for one in approvers if one.casefold() not in confirmed]
    able = [one for one in approvers if one not in unconfirmed and one not in barred]
    if len(able) >= approvals_required:
        return ""
    reasons = [
        f"The release needs the approval of {approvals_required}, and only {len(able)} of its "
        "approvers can give it."
    ]
    if unconfirmed:
        reasons.append(how_to_confirm(unconfirmed, topic_arn=topic_arn))
    if barred:
        reasons.append(
            f"{', '.join(barred)} committed this change and may not approve it. Should that leave "
            "too few, add approvers to settings.toml and deploy."
        )
    return "\n\n".join(reasons)


def require_enough(confirmed: frozenset[str], *, approval: Approval, topic_arn: str) -> None:
    """Refuse to wait for approvals that cannot come.

    Raises:
        ApproversNotConfirmed: fewer confirmed approvers may approve than must.
    """
    missing = shortage(
        approvers=approval.approvers,
        barred=[one for one in approval.approvers if not approval.may_approve(one)],
        approvals_required=approval.approvals_required,
        confirmed=confirmed,
        topic_arn=topic_arn,
    )
    if missing:
        raise ApproversNotConfirmed(missing)


def how_to_confirm(unconfirmed: Iterable[str], *, topic_arn: str) -> str:
    """What those who have not confirmed must do, with commands for whoever runs the project."""
    addresses = list(unconfirmed)
    commands = "\n\n".join(_subscribe(address, topic_arn=topic_arn) for address in addresses)
    return (
        "These approvers have not confirmed that they want mail, so they get none: "
        f"{', '.join(addresses)}. Each finds a mail from AWS Notifications, 'Subscription "
        "Confirmation', and opens its link; it is good for two days. This has it sent again:\n\n"
        f"{commands}"
    )


def _subscribe(address: str, *, topic_arn: str) -> str:
    # The policy is part of it: without it, this person would get everybody's links.
    attributes = json.dumps({"FilterPolicy": json.dumps({"approver": [address]})})
    return (
        "aws sns subscribe \\\n"
        f"  --topic-arn {shlex.quote(topic_arn)} \\\n"
        "  --protocol email \\\n"
        f"  --notification-endpoint {shlex.quote(address)} \\\n"
        f"  --attributes {shlex.quote(attributes)}"
    )
