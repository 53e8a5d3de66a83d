"""What is said where there is no data."""

from __future__ import annotations

from collections.abc import Collection


def no_data(sizes: Collection[int], *, uri: str, name: str) -> str:
    """Why there is no data at *uri*, and what to do; "" if there is some.

    Args:
        sizes: of the objects there, in bytes.
        name: how a file for it may be called.
    """
    if any(sizes):
        return ""
    state = f"Every object under {uri} is empty" if sizes else f"There is no object under {uri}"
    return (
        f"{state}. Upload CSV there (label first, no header), for example with "
        f"`aws s3 cp {name} {uri}{name}`, then release again."
    )
