"""The readable reason in the cause of a failure.

Causes of failed tasks: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
Lambda's: https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from shared.text import printable

_MAX_REASON_CHARACTERS = 8000
# Where the services put the sentence a person can read, the most telling one first.
_REASON_FIELDS = ("FailureReason", "errorMessage", "Cause", "Message", "message")


def readable_reason(cause: str | Mapping[str, Any]) -> str:
    """The sentence a person can read in a cause, which may be JSON, JSON in JSON, or plain text."""
    return (
        printable(_dig(cause, depth=4)).strip()[:_MAX_REASON_CHARACTERS] or "No reason was given."
    )


def _dig(value: object, *, depth: int) -> str:
    if isinstance(value, str):
        parsed = _parsed(value)
        return _dig(parsed, depth=depth - 1) if parsed is not None and depth else value
    if isinstance(value, Mapping):
        for name in _REASON_FIELDS:
            if value.get(name):
                return _dig(value[name], depth=depth)
    return json.dumps(value, default=str)


def _parsed(text: str) -> Mapping[str, Any] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, Mapping) else None
