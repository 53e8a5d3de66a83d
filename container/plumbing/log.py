"""One JSON line an error on standard error; never anything of a request's data."""

import json
import sys
import traceback
from datetime import UTC, datetime


def error(event: str, cause: BaseException | None = None, **details: object) -> None:
    """Logs ``event``. Of ``cause`` only type and places: its message may quote request data."""
    line = {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "level": "error",
        "event": event,
        **details,
    }
    if cause is not None:
        frames = traceback.extract_tb(cause.__traceback__)
        line["error"] = type(cause).__name__
        line["at"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    print(json.dumps(line), file=sys.stderr, flush=True)
