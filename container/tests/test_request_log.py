"""Counts and latencies of requests: what the line says, and that it costs next to nothing."""

import json
import random
from typing import Any

import pytest
from plumbing.request_log import RequestLog


def _line(log: RequestLog, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    log.write()
    [line] = map(json.loads, capsys.readouterr().err.splitlines())
    assert isinstance(line, dict)
    return line


def test_the_line_has_counts_by_status_and_bytes(capsys: pytest.CaptureFixture[str]) -> None:
    log = RequestLog()
    for status in (200, 400, 200, 503):
        log.record(status, 0.001, 10, 100)
    line = _line(log, capsys)
    assert (line["event"], line["level"], line["requests"]) == ("requests", "info", 4)
    assert line["by_status"] == {"200": 2, "400": 1, "503": 1}
    assert (line["bytes_in"], line["bytes_out"]) == (40, 400)
    assert {"worker", "seconds", "time"} < set(line)


def test_no_requests_no_line_and_each_line_begins_anew(capsys: pytest.CaptureFixture[str]) -> None:
    log = RequestLog()
    log.write()
    assert capsys.readouterr().err == ""
    log.record(200, 2.0, 1, 1)
    assert _line(log, capsys)["max_ms"] == 2000
    log.record(200, 0.5, 1, 1)
    line = _line(log, capsys)
    assert (line["requests"], line["max_ms"]) == (1, 500)


@pytest.mark.parametrize("scale", [1e-6, 1e-4, 1e-2, 1, 1000])
def test_quantiles_are_at_most_an_eighth_too_high(
    capsys: pytest.CaptureFixture[str], scale: float
) -> None:
    chance = random.Random(0)  # noqa: S311 - the same numbers each time
    seconds = [chance.lognormvariate(0, 1) * scale for _ in range(5000)]
    log = RequestLog()
    for each in seconds:
        log.record(200, each, 0, 0)
    line = _line(log, capsys)
    seconds.sort()
    for name, share in (("p50_ms", 0.5), ("p90_ms", 0.9), ("p99_ms", 0.99)):
        true = seconds[int(share * len(seconds)) - 1] * 1000
        assert true - 0.001 <= line[name] <= true * 1.126 + 0.002, name
    assert line["max_ms"] == round(seconds[-1] * 1000, 3)


@pytest.mark.parametrize("seconds", [0.0, 1e-9, 1e7])
def test_any_time_has_its_place(capsys: pytest.CaptureFixture[str], seconds: float) -> None:
    log = RequestLog()
    log.record(200, seconds, 0, 0)
    assert _line(log, capsys)["p50_ms"] == pytest.approx(seconds * 1000, abs=0.001)
