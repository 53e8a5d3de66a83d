"""Mails through Amazon SNS, within its limits.

https://docs.aws.amazon.com/sns/latest/api/API_Publish.html: a subject is one line of ASCII that
begins with a letter, number or punctuation mark and has less than 100 characters; a message has
1 to 262 144 bytes of UTF-8.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from shared.text import one_line, printable

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sns.type_defs import PublishInputTypeDef

MAX_SUBJECT_CHARACTERS = 99
# SNS counts 256 KiB; some room is left for what it adds around a mail.
MAX_BODY_BYTES = 250_000

_ELLIPSIS = "..."
_SHORTENED = "\n[This mail was too long and ends here.]\n"


@dataclass(frozen=True)
class Mail:
    """A mail that SNS accepts; make one with compose."""

    subject: str
    body: str

    @classmethod
    def compose(cls, *, subject: str, body: str) -> Self:
        """Any text as a mail: what SNS would refuse is replaced or cut, never sent."""
        return cls(subject=_subject(subject), body=_body(body))


def unlinked(text: str) -> str:
    """Text that others chose, on one line; no mail program makes a link of an address in it."""
    return one_line(text).replace("://", ": //")


def publish(
    sns: SNSClient, *, topic_arn: str, mail: Mail, attributes: Mapping[str, str] | None = None
) -> str:
    """Send the mail to the topic's subscribers; returns SNS's message id.

    With attributes, only to those whose filter policy lets them pass:
    https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html
    """
    request: PublishInputTypeDef = {
        "TopicArn": topic_arn,
        "Subject": mail.subject,
        "Message": mail.body,
    }
    if attributes:
        request["MessageAttributes"] = {
            name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
        }
    return sns.publish(**request)["MessageId"]


def _subject(text: str) -> str:
    # Decomposing keeps the base letter of an accented one: é becomes e.
    decomposed = unicodedata.normalize("NFKD", one_line(text))
    letters = (c for c in decomposed if not unicodedata.combining(c))
    ascii_only = one_line("".join(c if c.isascii() else "?" for c in letters))
    if len(ascii_only) > MAX_SUBJECT_CHARACTERS:
        ascii_only = ascii_only[: MAX_SUBJECT_CHARACTERS - len(_ELLIPSIS)].rstrip() + _ELLIPSIS
    return ascii_only or "Model release"


def _body(text: str) -> str:
    clean = printable(text)
    encoded = clean.encode()
    if len(encoded) > MAX_BODY_BYTES:
        kept = encoded[: MAX_BODY_BYTES - len(_SHORTENED.encode())]
        clean = kept.decode(errors="ignore") + _SHORTENED
    return clean if clean.strip() else "(no text)"
