"""Pages of an answer, by NextToken."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

from local.sagemaker.errors import invalid


def page_of(
    member: str, records: Sequence[Any], request: Mapping[str, Any], *, default: int
) -> dict[str, Any]:
    """`MaxResults` (else `default`) of the records from `NextToken` on, under a member's name."""
    first = _position(request.get("NextToken"))
    last = first + request.get("MaxResults", default)
    answer: dict[str, Any] = {member: list(records[first:last])}
    if last < len(records):
        answer["NextToken"] = base64.b64encode(str(last).encode()).decode()
    return answer


def _position(token: str | None) -> int:
    if token is None:
        return 0
    try:
        return int(base64.b64decode(token, validate=True))
    except (ValueError, binascii.Error) as error:
        raise invalid("The NextToken is invalid: give the one of the last answer.") from error
