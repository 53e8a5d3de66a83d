"""Workflow step: tell the team how a release ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, cast, get_args

from shared import aws
from shared.environment import one_of, required
from shared.logs import log_event
from shared.mail import publish

from mail_outcome.inference import Access, InferenceApi
from mail_outcome.messages import write_mail
from mail_outcome.outcome import read_outcome


@dataclass(frozen=True)
class Environment:
    """What the function is deployed with."""

    notification_topic_arn: str
    inference_api: InferenceApi


@cache
def environment() -> Environment:
    """Read at cold start; INFERENCE_URL is needed unless INFERENCE_ACCESS is off.

    Raises:
        InvalidEnvironmentError: a variable is missing or wrong.
    """
    access = cast(Access, one_of("INFERENCE_ACCESS", get_args(Access)))
    url = "" if access == "off" else required("INFERENCE_URL")
    return Environment(
        notification_topic_arn=required("NOTIFICATION_TOPIC_ARN"),
        inference_api=InferenceApi(url=url, access=access, region=required("AWS_REGION")),
    )


def handle(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Mail the outcome; returns {"messageId": ...}.

    Raises:
        UnknownOutcome
    """
    settings = environment()
    outcome = read_outcome(event)
    mail = write_mail(outcome, api=settings.inference_api)
    message_id = publish(aws.sns(), topic_arn=settings.notification_topic_arn, mail=mail)
    log_event(
        "outcomeMailed",
        outcome=outcome.kind,
        executionArn=outcome.execution_arn,
        messageId=message_id,
    )
    return {"messageId": message_id}
