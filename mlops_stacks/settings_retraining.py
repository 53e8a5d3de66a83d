"""`[retraining]` of settings.toml: releases that no commit has started."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from mlops_stacks.settings_fields import Section

# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
_RATE = re.compile(r"rate\((?:1 (?:hour|day)|(?!0|1 )\d{1,4} (?:hours|days))\)")
_CRON = re.compile(r"cron\(([^()]*)\)")
_CRON_FIELD = re.compile(r"[A-Z0-9*?,/#-]+")
_CRON_FIELDS = 6


def _schedule(value: str) -> str:
    if value and not _RATE.fullmatch(value) and not _is_cron(value):
        raise ValueError(
            'a rate in hours or days such as "rate(7 days)", a cron expression of six fields in '
            'UTC such as "cron(0 6 ? * MON *)", or "" is allowed'
        )
    return value


def _is_cron(value: str) -> bool:
    match = _CRON.fullmatch(value)
    if match is None:
        return False
    fields = match[1].split(" ")
    # One of the two kinds of day is left open, the other is not.
    days = (fields[2], fields[4]) if len(fields) == _CRON_FIELDS else ()
    return days.count("?") == 1 and all(map(_CRON_FIELD.fullmatch, fields))


class RetrainingSettings(Section):
    """Releases with the image of the live model, because of new data or time.

    Attributes:
        on_new_data: what comes or goes under `train/` starts one.
        wait_minutes: how long nothing must have changed there before; SQS delays for so long.
        schedule: an expression of EventBridge, in UTC; "" for none.
    """

    on_new_data: bool = False
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-delay-queues.html
    wait_minutes: Annotated[int, Field(ge=1, le=15)] = 10
    schedule: Annotated[str, AfterValidator(_schedule)] = ""

    @property
    def wanted(self) -> bool:
        """Whether anything starts such releases."""
        return self.on_new_data or bool(self.schedule)
