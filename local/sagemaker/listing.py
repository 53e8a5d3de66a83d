"""Filters, order and pages of the List operations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from local.sagemaker.paging import page_of
from local.sagemaker.validation import service_model

_PAGE = 10  # MaxResults when the request does not say, as on AWS


@dataclass(frozen=True, kw_only=True)
class Listing:
    """How one List operation answers: its result member, summary shape and name and status."""

    result: str
    summary: str
    name: str
    status: str | None = None


def page(
    listing: Listing, records: Iterable[Mapping[str, Any]], request: Mapping[str, Any]
) -> dict[str, Any]:
    """The answer of a List operation over records in the order of their creation."""
    chosen = [record for record in records if _wanted(listing, record, request)]
    key = {"Name": listing.name, "Status": listing.status}.get(
        request.get("SortBy", "CreationTime"), "CreationTime"
    )
    # Newest first unless asked otherwise; the sort is stable for records of the same moment.
    chosen.sort(key=lambda record: record[key or "CreationTime"])
    if request.get("SortOrder", "Descending") == "Descending":
        chosen.reverse()
    members = service_model().shape_for(listing.summary).members  # type: ignore[attr-defined]
    summaries = [{name: record[name] for name in members if name in record} for record in chosen]
    return page_of(listing.result, summaries, request, default=_PAGE)


def _wanted(listing: Listing, record: Mapping[str, Any], request: Mapping[str, Any]) -> bool:
    if request.get("NameContains", "").lower() not in str(record.get(listing.name, "")).lower():
        return False
    status = request.get("StatusEquals")
    if status is not None and listing.status and record[listing.status] != status:
        return False
    for member in ("CreationTime", "LastModifiedTime"):
        moment = record.get(member)
        after, before = request.get(f"{member}After"), request.get(f"{member}Before")
        if moment is not None and after is not None and moment < after:
            return False
        if moment is not None and before is not None and moment > before:
            return False
    return True
