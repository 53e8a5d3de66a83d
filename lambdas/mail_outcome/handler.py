"""Workflow step and target of events: tell the team how a release or a pipeline ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, cast, get_args

from shared import aws
from shared.environment import one_of, required
from shared.logs import log_event
from shared.mail import Mail, publish
from shared.transient import transient_errors_named

from mail_outcome import execution_end, pipeline_failure
from mail_outcome.inference import Access, InferenceApi
from mail_outcome.messages import write_mail
from mail_outcome.outcome import UNKNOWN, read_outcome, text
from mail_outcome.serving import Standing, look


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
    """Mail the outcome; returns {"messageId": ...}, which is null if there is nothing to tell.

    Raises:
        UnknownOutcome, TransientError
    """
    settings = environment()
    mail = compose(event, api=settings.inference_api)
    if mail is None:
        log_event("nothingToMail", execution=_execution(event))
        return {"messageId": None}
    with transient_errors_named():
        message_id = publish(aws.sns(), topic_arn=settings.notification_topic_arn, mail=mail)
    log_event(
        "outcomeMailed",
        subject=mail.subject,
        execution=_execution(event),
        messageId=message_id,
    )
    return {"messageId": message_id}


def compose(event: Mapping[str, Any], *, api: InferenceApi) -> Mail | None:
    """The mail for a step of the workflow, or for an event of EventBridge.

    Raises:
        UnknownOutcome: the event is none of those.
    """
    match event.get("source"):
        case pipeline_failure.SOURCE:
            return pipeline_failure.write_pipeline_mail(event)
        case execution_end.SOURCE:
            return execution_end.write_execution_mail(event)
        case _:
            outcome = read_outcome(event)
            standing = look(outcome) if outcome.kind == "failed" else Standing()
            return write_mail(outcome, api=api, standing=standing)


def _execution(event: Mapping[str, Any]) -> str:
    """The workflow's execution, else the pipeline's, for the log."""
    detail = event.get("detail", event)
    if not isinstance(detail, Mapping):
        return UNKNOWN
    return text(detail, "executionArn", otherwise=text(detail, "execution-id"))
