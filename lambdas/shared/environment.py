"""Environment variables, read once and checked before the first event is handled."""

from __future__ import annotations

import json
import os
from collections.abc import Collection


class InvalidEnvironmentError(RuntimeError):
    """The function was deployed with a missing or wrong environment variable."""


def required(name: str) -> str:
    """The value of environment variable *name*.

    Raises:
        InvalidEnvironmentError: the variable is missing or empty.
    """
    value = os.environ.get(name, "").strip()
    if not value:
        raise InvalidEnvironmentError(
            f"Environment variable {name} is missing. Set it on the function and deploy again."
        )
    return value


def one_of(name: str, choices: Collection[str]) -> str:
    """The value of environment variable *name*, which must be one of *choices*.

    Raises:
        InvalidEnvironmentError: the variable is missing or has another value.
    """
    value = required(name)
    if value not in choices:
        raise InvalidEnvironmentError(
            f"Environment variable {name} is {value!r}. Set it to one of {', '.join(choices)}."
        )
    return value


def texts(name: str) -> tuple[str, ...]:
    """The JSON list of strings in environment variable *name*; it has one at least.

    Raises:
        InvalidEnvironmentError: the variable is missing or has another value.
    """
    try:
        value = json.loads(required(name))
    except ValueError:
        value = None
    if not isinstance(value, list) or not value or not all(isinstance(v, str) for v in value):
        raise InvalidEnvironmentError(
            f"Environment variable {name} must be a JSON list of strings, such as "
            '["ada@example.com"].'
        )
    return tuple(value)


def count(name: str, *, at_most: int) -> int:
    """The number, from 1, in environment variable *name*.

    Raises:
        InvalidEnvironmentError: the variable is missing or has another value.
    """
    value = required(name)
    if not value.isascii() or not value.isdigit() or not 1 <= int(value[:9]) <= at_most:
        raise InvalidEnvironmentError(
            f"Environment variable {name} is {value!r}. Set it to a number from 1 to {at_most}."
        )
    return int(value)
