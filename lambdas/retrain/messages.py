"""Messages of the queue: events of S3 and of the schedule. Each asks to look, and tells no more.

https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from shared import fields
from shared.logs import log_event


@dataclass(frozen=True, kw_only=True)
class Message:
    """A message as the queue has it.

    Attributes:
        sent_at: when the queue got it; it was kept back since.
        received_at: when it was handed out first.
        receives: how often it has been handed out, this time included.
        scheduled_for: the time of the schedule, as the event has it; "" for new data.
    """

    message_id: str
    sent_at: datetime
    received_at: datetime
    receives: int
    scheduled_for: str

    def waits_since(self, now: datetime) -> datetime:
        """Since when it has waited for this look: since it was sent, or for the look before.

        The queue does not tell the time of that one; all pauses are equally long.
        """
        if self.receives <= 1:
            return self.sent_at
        return now - (now - self.received_at) / (self.receives - 1)


def read_messages(event: Mapping[str, Any]) -> list[Message]:
    """The messages of a batch; what is no event of ours is logged and left out.

    Raises:
        InvalidEventError: this is no batch of a queue.
    """
    found = []
    for record in fields.objects(event, "Records"):
        message_id = fields.text(record, "messageId")
        scheduled_for = _scheduled_for(fields.text(record, "body"))
        if scheduled_for is None:
            log_event("strangeMessage", level="ERROR", messageId=message_id)
            continue
        attributes = fields.mapping(record, "attributes")
        found.append(
            Message(
                message_id=message_id,
                sent_at=_time(attributes, "SentTimestamp"),
                received_at=_time(attributes, "ApproximateFirstReceiveTimestamp"),
                receives=int(fields.text(attributes, "ApproximateReceiveCount")),
                scheduled_for=scheduled_for,
            )
        )
    return found


def _time(attributes: Mapping[str, Any], name: str) -> datetime:
    return datetime.fromtimestamp(int(fields.text(attributes, name)) / 1000, tz=UTC)


def _scheduled_for(body: str) -> str | None:
    """The time of the schedule, "" for an event of S3, None for anything else."""
    try:
        told = json.loads(body)
    except ValueError:
        return None
    if not isinstance(told, Mapping):
        return None
    if told.get("source") == "aws.s3":
        return ""
    time = told.get("time")
    return time if told.get("source") == "aws.events" and isinstance(time, str) else None


def newest(messages: Iterable[Message]) -> Message:
    """The message that was sent last."""
    return max(messages, key=lambda message: message.sent_at)


def enough(messages: Sequence[Message]) -> list[Message]:
    """Those that have to come again so that nothing is forgotten: the newest of each kind."""
    kinds = ([m for m in messages if not m.scheduled_for], [m for m in messages if m.scheduled_for])
    return [newest(kind) for kind in kinds if kind]
