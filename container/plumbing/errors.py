"""Errors that a person can put right, and how a value is shown in one."""


class InputError(Exception):
    """A training job's input cannot be used; the message says what, why and what to do."""


def shown(value: object) -> str:
    """Quotes ``value`` for a message, cut so that one bad value cannot fill it."""
    try:
        text = repr(value)
    except RecursionError:  # lists in lists: their type says enough
        text = f"a {type(value).__name__} nested too deeply"
    return text if len(text) <= 60 else text[:57] + "..."
