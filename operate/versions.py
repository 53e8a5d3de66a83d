"""The registered versions as text for people and as JSON for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from operate.live import Live
from operate.registry import Version
from operate.wording import metric_texts, printable, when

_STATUS = {
    "PendingManualApproval": "waits for a decision",
    "Approved": "approved",
    "Rejected": "rejected",
}


@dataclass(frozen=True, kw_only=True)
class Listing:
    """Versions, newest first, and what serves."""

    versions: Sequence[Version]
    live: Live | None

    def is_live(self, version: Version) -> bool:
        """Whether this version serves."""
        return self.live is not None and self.live.version_arn == version.arn


def as_text(listing: Listing) -> str:
    """Two lines for each version."""
    if not listing.versions:
        return "No version is registered yet."
    width = len(str(max(version.number for version in listing.versions)))
    return "\n".join(_lines(version, listing, width=width) for version in listing.versions)


def as_json(listing: Listing) -> list[dict[str, Any]]:
    """The same for programs."""
    return [{**version.to_json(), "live": listing.is_live(version)} for version in listing.versions]


def _lines(version: Version, listing: Listing, *, width: int) -> str:
    mark = "  LIVE" if listing.is_live(version) else ""
    status = _STATUS.get(version.status, version.status)
    if version.served_at:
        status += f", served {when(version.served_at)}"
    elif version.status == "Approved":
        status += ", never served"
    figures = ", ".join(metric_texts(version.metrics)[:1]) or "no metrics"
    first = (
        f"{version.number:>{width}}  {when(version.created_at)}  "
        f"commit {version.commit_id or 'not known'}  {figures}  {status}{mark}"
    )
    told = version.description or f"gate {version.gate or 'not known'}"
    return f"{printable(first)}\n{' ' * width}  {printable(told)}"
