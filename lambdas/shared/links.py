"""Links to approvals: one for each approver, signed by a key that never leaves KMS.

A link names an approval, an approver and an end, and carries a keyed hash over the three:
https://docs.aws.amazon.com/kms/latest/developerguide/hmac.html
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from urllib.parse import parse_qs, urlencode

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient

APPROVAL_ID = re.compile(r"[0-9a-f]{32}")

_PARTS = {
    "approver": re.compile(r"[0-9a-f]{16}"),
    "expires": re.compile(r"[1-9][0-9]{0,10}"),
    "signature": re.compile(r"[A-Za-z0-9_-]{43}"),
}
_MAX_QUERY_FIELDS = 20


class IncompleteLinkError(ValueError):
    """A part of the link is missing, there twice, or cut."""


@dataclass(frozen=True)
class Claim:
    """What a link says; approver is an approver_key, expires is in epoch seconds."""

    approval_id: str
    approver: str
    expires: int

    def message(self) -> bytes:
        """The bytes that are signed."""
        parts = ("approval-link/1", self.approval_id, self.approver, str(self.expires))
        return "\n".join(parts).encode()


class LinkKey(Protocol):
    """What signs links; KmsLinkKey is one."""

    def sign(self, message: bytes) -> bytes:
        """The message's keyed hash, 32 bytes."""

    def verifies(self, message: bytes, *, mac: bytes) -> bool:
        """Whether this key made the keyed hash of this message."""


@dataclass(frozen=True)
class KmsLinkKey:
    """An HMAC_256 key of KMS.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_VerifyMac.html
    """

    client: KMSClient
    key_arn: str

    def sign(self, message: bytes) -> bytes:
        """The message's keyed hash, 32 bytes.

        Raises:
            botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError
        """
        answer = self.client.generate_mac(
            KeyId=self.key_arn, Message=message, MacAlgorithm="HMAC_SHA_256"
        )
        return answer["Mac"]

    def verifies(self, message: bytes, *, mac: bytes) -> bool:
        """Whether this key made the keyed hash of this message.

        Raises:
            botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError
        """
        try:
            answer = self.client.verify_mac(
                KeyId=self.key_arn, Message=message, Mac=mac, MacAlgorithm="HMAC_SHA_256"
            )
        except self.client.exceptions.KMSInvalidMacException:
            return False
        return answer["MacValid"]


def approver_key(email: str) -> str:
    """What stands for an approver in links and in the table: 16 hex digits."""
    return hashlib.sha256(email.casefold().encode()).hexdigest()[:16]


def link_of(claim: Claim, *, api_url: str, key: LinkKey) -> str:
    """The signed link for a claim; api_url with or without a slash at its end."""
    query = {
        "approver": claim.approver,
        "expires": str(claim.expires),
        "signature": _encoded(key.sign(claim.message())),
    }
    return f"{api_url.rstrip('/')}/approvals/{claim.approval_id}?{urlencode(query)}"


@dataclass(frozen=True)
class SignedClaim:
    """A link as somebody opened it; whether the signature is right is not known yet."""

    claim: Claim
    signature: str

    @classmethod
    def read(cls, *, path_parameters: Mapping[str, str], query: str) -> SignedClaim:
        """Read a request's path and query string; fields of the query that it does not know pass.

        Raises:
            IncompleteLinkError: a part is missing, malformed, or there more than once.
        """
        approval_id = path_parameters.get("approvalId", "")
        try:
            given = parse_qs(query, keep_blank_values=True, max_num_fields=_MAX_QUERY_FIELDS)
        except ValueError:
            raise IncompleteLinkError("query") from None
        if not APPROVAL_ID.fullmatch(approval_id):
            raise IncompleteLinkError("approvalId")
        parts: dict[str, str] = {}
        for name, pattern in _PARTS.items():
            values = given.get(name, [])
            if len(values) != 1 or not pattern.fullmatch(values[0]):
                raise IncompleteLinkError(name)
            parts[name] = values[0]
        claim = Claim(
            approval_id=approval_id, approver=parts["approver"], expires=int(parts["expires"])
        )
        return cls(claim=claim, signature=parts["signature"])

    def is_signed_by(self, key: LinkKey) -> bool:
        """Whether *key* made the signature of exactly this claim."""
        mac = base64.urlsafe_b64decode(f"{self.signature}=")
        # The last character has two bits to spare: a signature is taken in one spelling only.
        return _encoded(mac) == self.signature and key.verifies(self.claim.message(), mac=mac)


def _encoded(mac: bytes) -> str:
    return base64.urlsafe_b64encode(mac).decode().rstrip("=")
