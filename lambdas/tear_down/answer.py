"""The one answer that CloudFormation waits for.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/crpg-ref-responses.html
"""

from __future__ import annotations

import json
import os
import ssl
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any, Literal

from shared import fields
from shared.logs import log_event

_TIMEOUT_SECONDS = 5
_PAUSES_SECONDS = (0.5, 1.0, 2.0)
# CloudFormation takes 4096 bytes, and leaves an answer that is larger without a word.
_MAX_BYTES = 4000


class Answer:
    """An answer that is sent once, whoever is the first to send it."""

    def __init__(
        self, event: Mapping[str, Any], *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """Prepare the answer to a custom resource's request.

        Raises:
            InvalidEventError: CloudFormation did not send the event.
        """
        self._url = fields.text(event, "ResponseURL")
        if not self._url.startswith(("https://", "http://")):
            raise fields.InvalidEventError("Field 'ResponseURL' must be an HTTPS address.")
        logical_id = fields.text(event, "LogicalResourceId")
        self._content = {
            "StackId": fields.text(event, "StackId"),
            "RequestId": fields.text(event, "RequestId"),
            "LogicalResourceId": logical_id,
            # Always the same: another id would be another resource, and the old one be deleted.
            "PhysicalResourceId": fields.optional_text(event, "PhysicalResourceId") or logical_id,
        }
        self._sleep = sleep
        self._lock = threading.Lock()
        self._sent = False

    def succeed(self) -> None:
        """Say that all is done, unless an answer was sent.

        Raises:
            OSError: CloudFormation could not be reached.
        """
        self._send("SUCCESS", reason="Done")

    def fail(self, reason: str) -> None:
        """Say why it failed and what to do, unless an answer was sent.

        Raises:
            OSError: CloudFormation could not be reached.
        """
        self._send("FAILED", reason=reason)

    def _send(self, status: Literal["SUCCESS", "FAILED"], *, reason: str) -> None:
        with self._lock:
            if self._sent:
                return
            content = {**self._content, "Status": status}
            told = _cut(reason, most_bytes=_MAX_BYTES - len(_encoded({**content, "Reason": ""})))
            self._put(_encoded({**content, "Reason": told}))
            self._sent = True
        log_event(
            "answered", level="INFO" if status == "SUCCESS" else "ERROR", status=status, reason=told
        )

    def _put(self, body: bytes) -> None:
        request = urllib.request.Request(  # noqa: S310 - CloudFormation's own address, checked above
            self._url,
            data=body,
            # The address is signed for an empty type; urllib would send one of its own.
            headers={"content-type": ""},
            method="PUT",
        )
        # Whom the SDK trusts is trusted here.
        context = ssl.create_default_context(cafile=os.environ.get("AWS_CA_BUNDLE") or None)
        for pause in (*_PAUSES_SECONDS, None):
            try:
                with urllib.request.urlopen(  # noqa: S310 - as above
                    request, timeout=_TIMEOUT_SECONDS, context=context
                ):
                    return
            except OSError:
                if pause is None:
                    raise
                self._sleep(pause)


def _encoded(value: object) -> bytes:
    """JSON as it is sent: what no text can hold, half a character, becomes a question mark."""
    return json.dumps(value, ensure_ascii=False).encode(errors="replace")


def _cut(text: str, *, most_bytes: int) -> str:
    """The beginning of the text that takes so many bytes in JSON, escapes included."""
    room = most_bytes
    for position, character in enumerate(text):
        room -= len(_encoded(character)) - len(_encoded(""))
        if room < 0:
            return text[:position]
    return text
