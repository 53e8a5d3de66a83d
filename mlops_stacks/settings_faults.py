"""What is wrong with a settings file, in one line a fault."""

from __future__ import annotations

from pydantic import ValidationError
from pydantic_core import ErrorDetails


class SettingsError(ValueError):
    """A settings file that cannot be used; the message is one line for each wrong field."""


def faults_of(error: ValidationError) -> list[str]:
    """One line for each wrong field: its name, its value and what is allowed."""
    faults = error.errors()
    # A list with a wrong item is also reported as too short: name the item only.
    inner = {details["loc"][:-1] for details in faults if details["loc"]}
    return [line for d in faults if d["loc"] not in inner for line in _fault(d).splitlines()]


def _fault(details: ErrorDetails) -> str:
    field = ".".join(str(part) for part in details["loc"] if part != "[key]")
    kind = details["type"]
    if kind == "missing":
        return f"{field} is missing"
    if kind == "extra_forbidden":
        return f"{field} is not a setting; remove it or correct its name"
    value, allowed = details["input"], details["msg"]
    if kind == "value_error":
        allowed = str(details["ctx"]["error"])
    if kind == "tuple_type":
        allowed = 'a list in square brackets, such as ["one", "two"], is allowed'
    if isinstance(value, dict) or "[key]" in details["loc"]:
        return f"{field}: {allowed}" if field else allowed
    return f"{field} = {value!r}: {allowed}"
