"""What is to be done about messages: a release now, another look later, or nothing.

Messages may come late, twice, out of order and to two calls at once. So none is believed: each
makes the function look at what is there, and is done with only when that is live, has been tried,
or is being tried. All calls name a release of the same data and image alike, and Step Functions
runs a name once: https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from retrain.messages import Message, newest
from retrain.training_data import TrainingData

Action = Literal["start", "later", "nothing"]
Trigger = Literal["data", "schedule"]


@dataclass(frozen=True, kw_only=True)
class Live:
    """The version that serves: its commit, image, and the version of its training data."""

    commit_id: str
    image_uri: str
    train_version: str


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to be done, and why; name and input are those of the execution to start."""

    action: Action
    reason: str
    name: str = ""
    input: Mapping[str, str] = field(default_factory=dict)


def make_plan(
    messages: Sequence[Message],
    *,
    live: Live,
    data: TrainingData,
    now: datetime,
    skip_unchanged: bool,
) -> Plan:
    """Decide, while no release runs.

    Args:
        messages: one at least.
        live: what serves.
        data: what lies there now.
        now: the time.
        skip_unchanged: whether a schedule leaves data alone that the live model was trained on.
    """
    if not data.size:
        return Plan(action="nothing", reason="there is nothing to train on")
    scheduled = [message for message in messages if message.scheduled_for]
    if scheduled and not skip_unchanged:
        time = re.sub(r"[^0-9TZ]", "", newest(scheduled).scheduled_for)
        return _start("it is time", name=f"schedule-{time}", live=live, trigger="schedule")
    if data.version == live.train_version:
        return Plan(action="nothing", reason="the live model was trained on this data")
    if not scheduled and not _settled(messages, data, now=now):
        return Plan(action="later", reason="the data is still changing")
    image = hashlib.sha256(live.image_uri.encode()).hexdigest()[:12]
    return _start(
        "the live model was trained on other data",
        name=f"data-{data.version}-{image}",
        live=live,
        trigger="schedule" if len(scheduled) == len(messages) else "data",
    )


def _start(reason: str, *, name: str, live: Live, trigger: Trigger) -> Plan:
    given = {"commitID": live.commit_id, "imageUri": live.image_uri, "trigger": trigger}
    return Plan(action="start", reason=reason, name=name, input=given)


def _settled(messages: Sequence[Message], data: TrainingData, *, now: datetime) -> bool:
    """Whether nothing has changed since the last message was sent, or looked at before.

    A change after it has a message of its own under way. Should that be lost, or one clock be ahead
    of another, the next look at this message finds that nothing has changed since this one.
    """
    if data.changed_at is None:
        return True
    return data.changed_at <= max(message.waits_since(now) for message in messages)
