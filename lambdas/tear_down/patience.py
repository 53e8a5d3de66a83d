"""Waiting for what AWS has under way, as long as there is time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, repeat

from botocore.exceptions import BotoCoreError, ClientError
from shared.transient import TransientError, is_transient

_PAUSES_SECONDS = (1.0, 2.0, 4.0, 8.0)
_LAST_PAUSE_SECONDS = 15.0


class TookTooLong(Exception):  # noqa: N818 - what a person reads
    """There is no time left; the message says what was waited for."""


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long to wait at most.

    Attributes:
        until: the end, by the clock.
        clock: seconds that never go back.
    """

    until: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def repeat(self, step: Callable[[], str]) -> None:
        """Repeat the step until it returns "", which is nothing left to wait for.

        What may pass by itself among AWS errors is waited for too.

        Raises:
            TookTooLong: there is no time for another try.
            botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: the step's own.
        """
        for pause in _pauses():
            try:
                waits_for = step()
            except TransientError as error:
                waits_for = str(error)
            except (ClientError, BotoCoreError) as error:
                if not is_transient(error):
                    raise
                waits_for = f"AWS: {error}"
            if not waits_for:
                return
            if self.clock() + pause > self.until:
                raise TookTooLong(waits_for)
            self.sleep(pause)


def _pauses() -> Iterator[float]:
    return chain(_PAUSES_SECONDS, repeat(_LAST_PAUSE_SECONDS))
