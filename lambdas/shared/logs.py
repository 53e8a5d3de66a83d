"""Structured logs: one JSON object on one line for each event.

CloudWatch Logs finds the fields of such lines by itself:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_AnalyzeLogData-discoverable-fields.html
"""

from __future__ import annotations

import json
import sys
from typing import Literal

Level = Literal["INFO", "WARNING", "ERROR"]


def log_event(
    name: str, *, level: Level = "INFO", **fields: str | int | float | bool | None
) -> None:
    """Write one event with its fields.

    Callers name every field, so that task tokens, approval ids, request bodies and data rows
    cannot slip in with a whole object.
    """
    line = json.dumps({"level": level, "event": name, **fields})
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
