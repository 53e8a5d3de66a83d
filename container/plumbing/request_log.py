"""Counts and latencies of requests, written now and then: no line a request, none of its data."""

import os
import time

from plumbing import log

_STEPS = 8  # a power of two: values of one bucket differ by less than an eighth
_SHIFT = _STEPS.bit_length() - 1
_BUCKETS = _STEPS * 64  # for any number of 64 bits


class RequestLog:
    """Collects until ``write``; a request costs it about a third of a microsecond.

    Latencies go into buckets of microseconds: exact below 16, above that an octave has eight, so
    that a quantile is at most an eighth too high.
    """

    def __init__(self) -> None:
        self._reset()

    def _reset(self) -> None:
        self._since = time.monotonic()
        self._by_status: dict[int, int] = {}
        self._buckets = [0] * _BUCKETS
        self._longest = 0.0
        self._received = self._sent = 0

    def record(self, status: int, seconds: float, received: int, sent: int) -> None:
        """Counts one request: its answer's status, how long it took, bytes of both bodies."""
        micros = int(seconds * 1e6)
        shift = micros.bit_length() - _SHIFT - 1
        self._buckets[micros if shift <= 0 else (shift << _SHIFT) + (micros >> shift)] += 1
        if seconds > self._longest:
            self._longest = seconds
        by_status = self._by_status
        by_status[status] = by_status.get(status, 0) + 1
        self._received += received
        self._sent += sent

    def write(self) -> None:
        """Writes one line if there were requests, and begins anew."""
        if self._by_status:
            log.info("requests", **self._summary())
        self._reset()

    def _summary(self) -> dict[str, object]:
        return {
            "worker": os.getpid(),
            "seconds": round(time.monotonic() - self._since, 1),
            "requests": sum(self._by_status.values()),
            "by_status": {str(status): n for status, n in sorted(self._by_status.items())},
            "p50_ms": self._quantile(0.5),
            "p90_ms": self._quantile(0.9),
            "p99_ms": self._quantile(0.99),
            "max_ms": round(self._longest * 1000, 3),
            "bytes_in": self._received,
            "bytes_out": self._sent,
        }

    def _quantile(self, share: float) -> float:
        """Milliseconds that this share of the requests took at most."""
        wanted = share * sum(self._buckets)
        seen = 0
        for index, count in enumerate(self._buckets):
            seen += count
            if count and seen >= wanted:
                return min(_upper(index) / 1000, round(self._longest * 1000, 3))
        return 0.0


def _upper(index: int) -> int:
    """The end of a bucket, in microseconds."""
    shift = max((index >> _SHIFT) - 1, 0)
    return ((index - (shift << _SHIFT)) + 1) << shift
