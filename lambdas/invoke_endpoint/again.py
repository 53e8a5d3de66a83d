"""Asking again while the endpoint changes: one of its two fleets may be a bad one.

During a roll-out part of the requests reach the new fleet, until an alarm takes it back:
https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-blue-green.html
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError
from shared.logs import log_event
from shared.transient import error_name, is_transient

from invoke_endpoint.errors import THROTTLED

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

# If the new fleet gets half of the requests, one of 4096 meets it every time.
_TRIES = 12
# No try begins later: with the longest answer after it, the caller still gets to know.
_LAST_START_SECONDS = 5.0
_FIRST_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 0.6
_REMEMBERED_SECONDS = 2.0
# The answer of a fleet may be read after the fleet is gone.
_JUST_CHANGED_SECONDS = 60.0
_CHANGING = {"Updating", "RollingBack", "SystemUpdating"}

_Answer = TypeVar("_Answer")


class EndpointWatch:
    """Tells whether an endpoint changes, asking SageMaker every two seconds at most."""

    def __init__(
        self,
        sagemaker: SageMakerClient,
        *,
        endpoint_name: str,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._sagemaker = sagemaker
        self._endpoint_name = endpoint_name
        self._clock = clock
        self._now = now
        self._changes = False
        self._asked_at: float | None = None

    def changes(self) -> bool:
        """Whether it changes, or has just changed; False if that cannot be found out."""
        if self._asked_at is None or self._clock() - self._asked_at > _REMEMBERED_SECONDS:
            self._changes = self._ask()
            self._asked_at = self._clock()
        return self._changes

    def _ask(self) -> bool:
        try:
            endpoint = self._sagemaker.describe_endpoint(EndpointName=self._endpoint_name)
        except (ClientError, BotoCoreError) as error:
            log_event("endpointNotSeen", level="WARNING", error=error_name(error))
            return False
        since = (self._now() - endpoint["LastModifiedTime"]).total_seconds()
        return endpoint["EndpointStatus"] in _CHANGING or since < _JUST_CHANGED_SECONDS


def ask_patiently(
    ask: Callable[[], _Answer],
    *,
    again: Callable[[], _Answer],
    changes: Callable[[], bool],
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> _Answer:
    """The answer of *ask*, else of *again*, which is tried as long as the endpoint changes.

    Nothing is asked again unless the model failed or gave no answer.

    Raises:
        botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: of the last try.
    """
    started = clock()
    pauses = _pauses()
    attempt = ask
    while True:
        try:
            return attempt()
        except (ClientError, BotoCoreError) as error:
            pause = next(pauses, None)
            if pause is None or not _may_be_one_fleet(error) or not changes():
                raise
            if clock() - started + pause > _LAST_START_SECONDS:
                raise
            log_event("askedAgain", level="WARNING", error=error_name(error))
        sleep(pause)
        attempt = again


def _pauses() -> Iterator[float]:
    for number in range(_TRIES - 1):
        longest = min(_FIRST_PAUSE_SECONDS * 2**number, _LONGEST_PAUSE_SECONDS)
        # Callers that failed together must not come back together.
        yield longest * (1 + random.random()) / 2  # noqa: S311 - no secret


def _may_be_one_fleet(error: ClientError | BotoCoreError) -> bool:
    if not isinstance(error, ClientError):
        return is_transient(error)
    response: dict[str, Any] = dict(error.response)
    code = str(response.get("Error", {}).get("Code", ""))
    if code == "ModelError":
        return int(response.get("OriginalStatusCode") or 500) >= 500
    return code not in THROTTLED and is_transient(error)
