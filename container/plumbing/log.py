"""JSON lines on standard error; never anything of a request's data."""

import contextlib
import json
import sys
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime


def error(event: str, cause: BaseException | None = None, **details: object) -> None:
    """Logs ``event``. Of ``cause`` only type and places: its message may quote request data."""
    if cause is not None:
        frames = traceback.extract_tb(cause.__traceback__)
        details["error"] = type(cause).__name__
        details["at"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    _write("error", event, details)


def info(event: str, **details: object) -> None:
    """Logs what is no error."""
    _write("info", event, details)


def _write(level: str, event: str, details: Mapping[str, object]) -> None:
    line = {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "level": level,
        "event": event,
        **details,
    }
    with contextlib.suppress(OSError):  # whoever read the log is gone: no reason to stop
        # One write a line: several processes share the stream.
        sys.stderr.write(json.dumps(line) + "\n")
        sys.stderr.flush()
