"""Which fleet of an endpoint answers a request, and how many each has under way."""

from __future__ import annotations

import contextlib
import random
import threading
from collections import Counter
from collections.abc import Iterator, Mapping

from local.sagemaker.fleet import Fleet


class Traffic:
    """An endpoint's requests, shared out among its fleets. Safe to use from any thread."""

    def __init__(self) -> None:
        self._shares: dict[Fleet, float] = {}
        self._under_way: Counter[Fleet] = Counter()
        self._changed = threading.Condition()

    def send(self, shares: Mapping[Fleet, float]) -> None:
        """Let each fleet answer its share of the requests that come from now on."""
        with self._changed:
            self._shares = {fleet: share for fleet, share in shares.items() if share > 0}

    @contextlib.contextmanager
    def request(self) -> Iterator[Fleet | None]:
        """One request: the fleet that answers it, None when none does."""
        # Choosing and counting are one step: whoever takes the traffic from a fleet and then waits
        # for its requests misses none.
        with self._changed:
            fleet = self._choose()
            if fleet is not None:
                self._under_way[fleet] += 1
        try:
            yield fleet
        finally:
            if fleet is not None:
                with self._changed:
                    self._under_way[fleet] -= 1
                    if not self._under_way[fleet]:
                        del self._under_way[fleet]
                    self._changed.notify_all()

    def wait_until_idle(self, fleet: Fleet, seconds: float) -> bool:
        """Wait until a fleet has no request under way; False when the time is over before."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._under_way[fleet], seconds)

    def _choose(self) -> Fleet | None:
        if not self._shares:
            return None
        fleets, shares = list(self._shares), list(self._shares.values())
        return random.choices(fleets, shares)[0]  # noqa: S311 - traffic shares, not secrets
