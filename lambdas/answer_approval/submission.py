"""What an approver sent: the decision and a reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from shared.approvals import Verdict
from shared.http import HttpError, HttpRequest, parse_json_object
from shared.text import one_line, printable

MAX_BODY_BYTES = 16 * 1024
MAX_REASON_CHARACTERS = 1000

_EXAMPLE = '{"decision": "approve", "reason": "Good on all classes"}'
_FORM = "application/x-www-form-urlencoded"
_FIELDS = ("decision", "reason")
_VERDICTS: dict[str, Verdict] = {"approve": "approved", "reject": "rejected"}


@dataclass(frozen=True)
class Submission:
    """A form or JSON body as it was typed, cleaned but not yet judged."""

    decision: str = ""
    reason: str = ""

    def verdict(self) -> Verdict:
        """The decision, if everything that must come with it is there.

        Raises:
            HttpError: 400; the message says what to send.
        """
        if self.decision not in _VERDICTS:
            raise HttpError(
                400,
                "Use one of the two buttons; a program sends decision=approve or decision=reject.",
            )
        if len(self.reason) > MAX_REASON_CHARACTERS:
            raise HttpError(
                400,
                f"The reason has {len(self.reason)} characters; "
                f"send at most {MAX_REASON_CHARACTERS}.",
            )
        if self.decision == "reject" and not self.reason:
            raise HttpError(400, "Give a reason to reject: it tells the author what to mend.")
        return _VERDICTS[self.decision]


def read_submission(request: HttpRequest) -> Submission:
    """Parse the body of a POST; fields that it does not know pass.

    Raises:
        HttpError: 400 or 415; the message says what to send.
    """
    fields = _form(request.body) if request.content_type == _FORM else _json(request.body)
    return Submission(
        decision=one_line(_text(fields, "decision")).lower(),
        reason=printable(_text(fields, "reason")).strip(),
    )


def require_readable(request: HttpRequest) -> None:
    """Refuse a body whose size or type rules it out, before anything is looked up.

    Raises:
        HttpError: 413 or 415.
    """
    request.require_body_within(MAX_BODY_BYTES)
    if request.content_type not in (_FORM, "application/json"):
        raise HttpError(415, f"Send the form ({_FORM}) or application/json: {_EXAMPLE}.")


def _form(body: bytes) -> Mapping[str, Any]:
    try:
        values = parse_qs(body.decode(errors="replace"), keep_blank_values=True, max_num_fields=20)
    except ValueError:
        raise HttpError(400, "The form has too many fields. Send decision and reason.") from None
    if any(len(values.get(name, [])) > 1 for name in _FIELDS):
        raise HttpError(400, "A field was sent twice. Send decision and reason once each.")
    return {name: given[0] for name, given in values.items()}


def _json(body: bytes) -> Mapping[str, Any]:
    return parse_json_object(body, example=_EXAMPLE)


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise HttpError(400, f"Field {name!r} must be text. Send for example {_EXAMPLE}.")
    return value
