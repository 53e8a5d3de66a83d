"""E-mail subscriptions: delivered to the inbox, and confirmed by whom they are for.

https://docs.aws.amazon.com/sns/latest/dg/sns-email-notifications.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ministack.core.responses import new_uuid  # type: ignore[import-untyped]
from ministack.services import sns  # type: ignore[import-untyped]

from local.cloud.inbox import Inbox


def deliver_mail(inbox: Inbox) -> None:
    """Let confirmed e-mail subscriptions reach the inbox; MiniStack only logs them."""
    original = sns._fanout

    def fanout(
        topic_arn: str,
        message_id: str,
        message: str,
        subject: str,
        message_structure: str = "",
        message_attributes: dict[str, Any] | None = None,
        *rest: Any,
        **more: Any,
    ) -> None:
        original(
            topic_arn, message_id, message, subject, message_structure, message_attributes,
            *rest, **more,
        )  # fmt: skip
        topic = sns._topic_by_arn_any_scope(topic_arn) or {"subscriptions": []}
        text = sns._resolve_message_for_protocol(message, message_structure, "email")
        for subscription in topic["subscriptions"]:
            if (
                subscription["protocol"] == "email"
                and subscription["confirmed"]
                and sns._matches_filter_policy(subscription, message_attributes or {}, text)
            ):
                inbox.deliver(to=subscription["endpoint"], subject=subject, body=text)

    sns._fanout = fanout


def ask_for_confirmation(inbox: Inbox) -> None:
    """Let an e-mail subscription that is made by the API wait for its confirmation.

    MiniStack confirms each at once. For those of a stack that stays, so that a deployment here
    mails at once; on AWS they wait like all others.
    """
    original_subscribe = sns._subscribe
    original_list = sns._list_subscriptions_by_topic

    def subscribe(parameters: Mapping[str, Any]) -> Any:
        before = _arns(parameters)
        response = original_subscribe(parameters)
        for subscription in _subscriptions(parameters):
            if subscription["arn"] not in before and subscription["protocol"] == "email":
                _ask(subscription, inbox)
                arn = subscription["arn"].encode()
                return _replaced(response, arn, b"pending confirmation")
        return response

    def list_by_topic(parameters: Mapping[str, Any]) -> Any:
        response = original_list(parameters)
        for subscription in _subscriptions(parameters):
            if not subscription["confirmed"]:
                arn = subscription["arn"].encode()
                response = _replaced(response, arn, b"PendingConfirmation")
        return response

    sns._subscribe = subscribe
    sns._list_subscriptions_by_topic = list_by_topic


def _ask(subscription: dict[str, Any], inbox: Inbox) -> None:
    token = new_uuid()
    subscription.update(confirmed=False, token=token)
    subscription["attributes"].update(
        PendingConfirmation="true", ConfirmationWasAuthenticated="false"
    )
    topic = subscription["topic_arn"]
    inbox.deliver(
        to=subscription["endpoint"],
        subject="AWS Notification - Subscription Confirmation",
        body=f"You have chosen to subscribe to the topic:\n{topic}\n\nTo confirm it:\n"
        f"aws sns confirm-subscription --topic-arn {topic} --token {token}\n",
    )


def _subscriptions(parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    topic = sns._topic_by_arn_any_scope(sns._p(parameters, "TopicArn"))
    return list(topic["subscriptions"]) if topic else []


def _arns(parameters: Mapping[str, Any]) -> set[str]:
    return {str(subscription["arn"]) for subscription in _subscriptions(parameters)}


def _replaced(response: Any, old: bytes, new: bytes) -> Any:
    status, headers, body = response
    return status, headers, body.replace(old + b"</SubscriptionArn>", new + b"</SubscriptionArn>")
