"""Environment variables, read once and checked before the first event is handled."""

from __future__ import annotations

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
