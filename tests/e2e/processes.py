"""What runs on this machine, seen from outside."""

from __future__ import annotations

from pathlib import Path


def mentioning(text: str) -> list[int]:
    """Processes with a text in their command line or environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            seen = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        except OSError:
            continue  # It has just ended, or belongs to somebody else.
        if text.encode() in seen:
            found.append(int(process.name))
    return found
