"""Signed links: each part counts, and only the key that signed one accepts it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from moto import mock_aws
from shared import aws
from shared.approvals import approval_id_of
from shared.links import (
    Claim,
    IncompleteLinkError,
    KmsLinkKey,
    LinkKey,
    SignedClaim,
    approver_key,
    link_of,
)

from tests.unit.lambdas import events
from tests.unit.lambdas.approval_fakes import ADA, APPROVAL, KEY, HmacKey, query_of

_CLAIM = Claim(approval_id="0" * 32, approver="a" * 16, expires=1_795_530_600)


@pytest.fixture
def kms_key() -> Iterator[KmsLinkKey]:
    with mock_aws():
        created = boto3.client("kms").create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
        yield KmsLinkKey(client=aws.kms(), key_arn=created["KeyMetadata"]["Arn"])


def _opened(link: str) -> SignedClaim:
    parts = urlsplit(link)
    path = {"approvalId": parts.path.rpartition("/")[2]}
    return SignedClaim.read(path_parameters=path, query=parts.query)


def test_a_link_has_no_secret_and_one_form() -> None:
    link = link_of(_CLAIM, api_url="https://api.example/prod/", key=KEY)

    head, signature = link.split("&signature=")
    assert head == (
        f"https://api.example/prod/approvals/{'0' * 32}?approver={'a' * 16}&expires=1795530600"
    )
    assert len(signature) == 43


def test_what_kms_signed_is_what_kms_verifies(kms_key: KmsLinkKey) -> None:
    signed = _opened(link_of(_CLAIM, api_url="https://api.example", key=kms_key))

    assert signed.claim == _CLAIM
    assert signed.is_signed_by(kms_key)


def _other(value: str) -> str:
    return ("1" if value[0] == "0" else "0") + value[1:]


@pytest.mark.parametrize(
    "changed",
    [
        replace(_CLAIM, approval_id=_other(_CLAIM.approval_id)),
        replace(_CLAIM, approver=_other(_CLAIM.approver)),
        replace(_CLAIM, expires=_CLAIM.expires + 1),
    ],
)
def test_a_signature_fits_one_claim_only(kms_key: KmsLinkKey, changed: Claim) -> None:
    signed = _opened(link_of(_CLAIM, api_url="https://api.example", key=kms_key))

    assert not replace(signed, claim=changed).is_signed_by(kms_key)


@pytest.mark.parametrize("key", [HmacKey(secret=b"another system")])
def test_another_key_accepts_nothing(key: LinkKey) -> None:
    assert not _opened(link_of(_CLAIM, api_url="https://api.example", key=key)).is_signed_by(KEY)


def test_no_other_spelling_of_a_signature_is_taken() -> None:
    # Given the last character, of which two bits mean nothing
    signed = _opened(link_of(_CLAIM, api_url="https://api.example", key=KEY))
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

    spellings = [replace(signed, signature=signed.signature[:-1] + last) for last in alphabet]

    assert [one for one in spellings if one.is_signed_by(KEY)] == [signed]


def test_a_key_that_cannot_be_used_is_no_wrong_signature() -> None:
    with Stubber(aws.kms()) as kms:
        kms.add_client_error("verify_mac", "KMSInvalidStateException")
        key = KmsLinkKey(client=aws.kms(), key_arn="arn:aws:kms:eu-west-1:123456789012:key/k")

        with pytest.raises(ClientError, match="KMSInvalidStateException"):
            key.verifies(b"message", mac=bytes(32))


_QUERY = query_of(ADA)
_GOOD = dict(part.split("=") for part in _QUERY.split("&"))


@pytest.mark.parametrize(
    "query",
    [
        "",
        *(_QUERY.replace(f"{name}={value}", "") for name, value in _GOOD.items()),
        *(f"{_QUERY}&{name}={value}" for name, value in _GOOD.items()),
        *(_QUERY.replace(value, f"{value},{value}") for value in _GOOD.values()),
        *(_QUERY.replace(value, value[:-1]) for name, value in _GOOD.items() if name != "expires"),
        *(_QUERY.replace(value, f"{value}%0A") for value in _GOOD.values()),
        _QUERY.replace("expires=", "expires=0"),
        _QUERY.replace("expires=", "expires=-"),
        _QUERY.replace("expires=", "expires=%D9%A1"),
        _QUERY.replace(_GOOD["expires"], "9" * 12),
        _QUERY.replace(_GOOD["approver"], _GOOD["approver"].upper() + "A"),
        "&".join(f"x{i}=1" for i in range(40)) + f"&{_QUERY}",
    ],
)
def test_a_link_with_a_part_missing_twice_or_cut_is_incomplete(query: str) -> None:
    with pytest.raises(IncompleteLinkError):
        SignedClaim.read(path_parameters={"approvalId": APPROVAL.approval_id}, query=query)


@pytest.mark.parametrize("approval_id", ["", "short", "A" * 32, "a" * 33, "newest", "waiting"])
def test_an_id_that_no_approval_has_is_incomplete(approval_id: str) -> None:
    with pytest.raises(IncompleteLinkError):
        SignedClaim.read(path_parameters={"approvalId": approval_id}, query=_QUERY)


def test_what_a_mail_gateway_adds_is_ignored() -> None:
    path = {"approvalId": APPROVAL.approval_id}

    signed = SignedClaim.read(path_parameters=path, query=f"utm_source=mail&{_QUERY}")

    assert signed.is_signed_by(KEY)


def test_an_approver_is_the_same_in_any_case() -> None:
    assert approver_key("Ada@Example.com") == approver_key(ADA)
    assert approver_key(ADA) != approver_key("ada@example.org")


@pytest.mark.parametrize("name", ["get", "post_form", "post_json"])
def test_checked_in_events_carry_adas_link(name: str) -> None:
    event = events.load(f"http_approval_{name}")

    assert event["rawQueryString"] == query_of(ADA)
    assert event["pathParameters"] == {"approvalId": approval_id_of(APPROVAL.execution_arn)}
