"""Lines of the log that no request can be made to write."""

import asyncio
import io
import json
import sys

import pytest
from plumbing import log, worker


def test_what_fails_in_the_event_loop_is_logged_without_its_text(
    capsys: pytest.CaptureFixture[str],
) -> None:
    loop = asyncio.new_event_loop()
    try:
        worker.log_failure(loop, {"message": "in b'1,2'", "exception": ValueError("b'1,2'")})
        worker.log_failure(loop, {"message": "in b'1,2'"})
    finally:
        loop.close()
    text = capsys.readouterr().err
    assert [json.loads(line)["event"] for line in text.splitlines()] == ["event loop failed"] * 2
    assert "ValueError" in text
    assert "1,2" not in text


class _Unread(io.StringIO):
    def flush(self) -> None:
        raise BrokenPipeError


def test_nobody_who_reads_the_log_is_no_reason_to_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", _Unread())
    log.error("request failed", ValueError())
