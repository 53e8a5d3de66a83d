"""How numbers, times and tables read in mails and pages, and how foreign text is tamed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

# C0 and C1 controls except tab and line feed, and lone surrogates: none can be stored or mailed.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def printable(text: str) -> str:
    """The text with one kind of line end and without characters nobody can see or store."""
    unified = text.replace("\r\n", "\n").replace("\r", "\n")
    return _UNPRINTABLE.sub("", unified)


def one_line(text: str) -> str:
    """The printable text with every run of white space as one blank."""
    return " ".join(printable(text).split())


def percent(share: float) -> str:
    """A share from 0 to 1 as a person reads it: 96.7 %."""
    return f"{share * 100:.1f} %"


def utc(epoch_seconds: int) -> str:
    """A point in time for a person: Sunday 22 November 2026, 14:30 UTC."""
    moment = datetime.fromtimestamp(epoch_seconds, tz=UTC)
    return f"{moment:%A} {moment.day} {moment:%B %Y, %H:%M} UTC"


def utc_of(iso_text: str) -> str:
    """What iso wrote, for a person; anything else stays as it is."""
    try:
        return utc(int(datetime.fromisoformat(iso_text).timestamp()))
    except ValueError:
        return iso_text


def iso(epoch_seconds: int) -> str:
    """A point in time for a program: 2026-11-22T14:30:00Z."""
    return f"{datetime.fromtimestamp(epoch_seconds, tz=UTC):%Y-%m-%dT%H:%M:%SZ}"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows as columns of plain text: the first column to the left, the others to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        first = row[0].ljust(widths[0])
        rest = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join([first, *rest]))
    return "\n".join(lines)
