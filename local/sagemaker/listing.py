"""Filters, order and pages of the List operations."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from local.sagemaker.errors import invalid
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
    first = _position(request.get("NextToken"))
    last = first + request.get("MaxResults", _PAGE)
    members = service_model().shape_for(listing.summary).members  # type: ignore[attr-defined]
    answer: dict[str, Any] = {
        listing.result: [
            {member: record[member] for member in members if member in record}
            for record in chosen[first:last]
        ]
    }
    if last < len(chosen):
        answer["NextToken"] = base64.b64encode(str(last).encode()).decode()
    return answer


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


def _position(token: str | None) -> int:
    if token is None:
        return 0
    try:
        return int(base64.b64decode(token, validate=True))
    except (ValueError, binascii.Error) as error:
        raise invalid("The NextToken is invalid: give the one of the last answer.") from error
