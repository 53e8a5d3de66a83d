"""How numbers, times and tables read in mails and pages, and how foreign text is tamed."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime

# C0 and C1 controls except tab and line feed, and lone surrogates: none can be stored or mailed.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")

# Marks, embeddings, overrides and isolates: they let a text read otherwise than it is written.
# https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters
_BIDIRECTIONAL = re.compile(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def storable(text: str) -> str:
    """The text with one kind of line end and without characters that nobody can store or send."""
    unified = text.replace("\r\n", "\n").replace("\r", "\n")
    return _UNPRINTABLE.sub("", unified)


def printable(text: str) -> str:
    """The storable text without characters that nobody can see, for people to read."""
    return _BIDIRECTIONAL.sub("", storable(text))


def one_line(text: str) -> str:
    """The printable text with every run of white space as one blank."""
    return " ".join(printable(text).split())


def shorten(text: str, *, characters: int) -> str:
    """The text on one line, cut to *characters*, and to 4 bytes of JSON for each of them.

    The second limit holds however foreign the script is: JSON may write one character in 12 bytes.
    """
    line = one_line(text[: 4 * characters])
    if len(text) <= 4 * characters and _fits(line, characters):
        return line
    line = line[: characters - 1]
    while not _fits(f"{line}…", characters):
        line = line[:-1]
    return f"{line}…"


def _fits(line: str, characters: int) -> bool:
    # Two quotation marks stand around it.
    return len(line) <= characters and len(json.dumps(line)) - 2 <= 4 * characters


def percent(share: float) -> str:
    """A share from 0 to 1 as a person reads it: 96.7 %."""
    return f"{share * 100:.1f} %"


def amount(number: int, thing: str) -> str:
    """So many things: 1 file, 3 files."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def byte_size(size: int) -> str:
    """A number of bytes as a person reads it: 3.9 kB, a thousand bytes each."""
    if size < 1000:
        return amount(size, "byte")
    value = size / 1000
    for unit in ("kB", "MB", "GB"):
        # Else 999 999 bytes would be 1000.0 kB.
        if value < 999.95:
            return f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def duration(seconds: int) -> str:
    """A length of time as a person reads it: 1 h 2 min 5 s."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min"), (rest, "s")]
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 s"


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
