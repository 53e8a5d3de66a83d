"""Typed access to the fields of an event that the workflow sends."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any


class InvalidEventError(ValueError):
    """The workflow called the function with a missing or wrong field."""


def text(event: Mapping[str, Any], name: str) -> str:
    """The non-empty string in field *name*.

    Raises:
        InvalidEventError: the field is missing, empty or not a string.
    """
    value = event.get(name)
    if not isinstance(value, str) or not value.strip():
        raise InvalidEventError(f"Field {name!r} must be a non-empty string; got {_shape(value)}.")
    return value


def optional_text(event: Mapping[str, Any], name: str) -> str:
    """The string in field *name*; "" when it is missing, null or empty.

    Raises:
        InvalidEventError: the field is there and not a string.
    """
    value = event.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidEventError(f"Field {name!r} must be a string; got {_shape(value)}.")
    return value


def texts(event: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """The list of strings in field *name*.

    Raises:
        InvalidEventError: the field is missing or not a list of strings.
    """
    value = event.get(name)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise InvalidEventError(f"Field {name!r} must be a list of strings.")
    return tuple(value)


def objects(event: Mapping[str, Any], name: str) -> tuple[Mapping[str, Any], ...]:
    """The list of JSON objects in field *name*.

    Raises:
        InvalidEventError: the field is missing or not a list of objects.
    """
    value = event.get(name)
    if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
        raise InvalidEventError(f"Field {name!r} must be a list of objects.")
    return tuple(value)


def whole_number(event: Mapping[str, Any], name: str) -> int:
    """The integer in field *name*; JSON does not tell 3600 from 3600.0, so both are taken.

    Raises:
        InvalidEventError: the field is missing or not a whole number.
    """
    value = number(event, name)
    if not value.is_integer():
        raise InvalidEventError(f"Field {name!r} must be a whole number; got {value}.")
    return int(value)


def number(event: Mapping[str, Any], name: str) -> float:
    """The number in field *name*.

    Raises:
        InvalidEventError: the field is missing or not a number.
    """
    value = event.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidEventError(f"Field {name!r} must be a number; got {_shape(value)}.")
    return float(value)


def flag(event: Mapping[str, Any], name: str) -> bool:
    """The truth value in field *name*.

    Raises:
        InvalidEventError: the field is missing or neither true nor false.
    """
    value = event.get(name)
    if not isinstance(value, bool):
        raise InvalidEventError(f"Field {name!r} must be true or false; got {_shape(value)}.")
    return value


def mapping(event: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The JSON object in field *name*.

    Raises:
        InvalidEventError: the field is missing or not an object.
    """
    value = event.get(name)
    if not isinstance(value, Mapping):
        raise InvalidEventError(f"Field {name!r} must be an object; got {_shape(value)}.")
    return value


def moment(event: Mapping[str, Any], name: str) -> str:
    """The point in time in field *name* in one spelling, so that two of them compare as text.

    Raises:
        InvalidEventError: the field is missing or no time in ISO 8601.
    """
    try:
        value = datetime.fromisoformat(text(event, name))
        value = value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise InvalidEventError(
            f"Field {name!r} must be a time such as 2026-11-22T14:30:00.000Z."
        ) from None
    return f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03}Z"


def _shape(value: object) -> str:
    """What a value is, without showing it: it may be data or a token."""
    if value is None:
        return "nothing"
    if value == "":
        return "an empty string"
    return f"a {type(value).__name__}"
