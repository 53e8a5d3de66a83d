"""S3 asks KMS in the caller's name, for objects under a customer's key; MiniStack does not.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
https://docs.aws.amazon.com/kms/latest/developerguide/services-s3.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from ministack import app  # type: ignore[import-untyped]
from ministack.core import iam_actions  # type: ignore[import-untyped]
from ministack.core.responses import get_region, request_scope  # type: ignore[import-untyped]
from ministack.core.router import extract_access_key_id  # type: ignore[import-untyped]
from ministack.services import s3  # type: ignore[import-untyped]
from ministack.services.cloudformation import provisioners  # type: ignore[import-untyped]

from local.cloud import access

Headers = Mapping[str, str]

_DECRYPT, _GENERATE = "kms:Decrypt", "kms:GenerateDataKey"
_ENCRYPTED_BY = "x-amz-server-side-encryption"
_KEY_ID = "x-amz-server-side-encryption-aws-kms-key-id"


@dataclass(frozen=True, kw_only=True)
class Need:
    """What a request needs of a key: one action, for an object."""

    action: str
    bucket: str
    key: str
    kms_key: str


def keep_defaults() -> None:
    """CloudFormation applies BucketEncryption, which MiniStack's leaves out; call it once."""
    provisioners._S3_BUCKET_CONFIGURATIONS = (
        *provisioners._S3_BUCKET_CONFIGURATIONS,
        (
            "BucketEncryption",
            encryption_xml,
            s3._put_bucket_encryption,
            s3._delete_bucket_encryption,
        ),
    )


def use_the_managed_key() -> None:
    """Without a key's name `aws:kms` is under S3's own key of the account; MiniStack refuses it.

    Every principal of the account may use that key, through S3. Call it once.
    """
    original = s3._resolve_sse_write_headers

    def resolve(headers: dict[str, str], bucket: str) -> Any:
        if headers.get(_ENCRYPTED_BY) == "aws:kms" and not headers.get(_KEY_ID):
            return {_ENCRYPTED_BY: "aws:kms"}, None
        return original(headers, bucket)

    s3._resolve_sse_write_headers = resolve


def encryption_xml(properties: Mapping[str, Any]) -> bytes:
    """BucketEncryption of a template as the body of PutBucketEncryption.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketEncryption.html
    """
    root = Element("ServerSideEncryptionConfiguration")
    for rule in properties.get("ServerSideEncryptionConfiguration", []):
        element = SubElement(root, "Rule")
        default = SubElement(element, "ApplyServerSideEncryptionByDefault")
        for name, value in rule.get("ServerSideEncryptionByDefault", {}).items():
            SubElement(default, name).text = str(value)
        whole = str(rule.get("BucketKeyEnabled", False)).lower()
        SubElement(element, "BucketKeyEnabled").text = whole
    return tostring(root)


def ask_kms() -> None:
    """Let S3 refuse what the caller may not decrypt or encrypt; call it once."""
    original = app.SERVICE_HANDLERS["s3"]

    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Any:
        caller = extract_access_key_id(headers, query)
        for need in needs(method, path, headers, query) if caller else ():
            if refused := _refusal(caller, need):
                return iam_actions.access_denied_response(
                    "s3", need.action, "", "", message=refused, headers=headers
                )
        return await original(method, path, headers, body, query)

    app.SERVICE_HANDLERS["s3"] = handle


def needs(method: str, path: str, headers: Headers, query: Mapping[str, Any]) -> Iterator[Need]:
    """The calls of KMS that a request of S3 stands for; none for objects without such a key."""
    _, bucket, key = (*path.split("/", 2), "", "")[:3]
    owner = s3._bucket_owner_account(bucket) if key else None
    if owner is None:
        return
    action = iam_actions._s3_action(method, path, query)
    with request_scope(owner, get_region()):
        if action in ("GetObject", "GetObjectVersion"):
            checked = headers.get("x-amz-checksum-mode", "").upper() == "ENABLED"
            if method == "GET" or checked:
                yield from _need(_DECRYPT, bucket, key, _stored(bucket, key, _one(query)))
        elif action == "PutObject":
            target = _target(bucket, headers, query)
            yield from _need(_GENERATE, bucket, key, target)
            if "uploads" in query or "uploadId" in query:
                yield from _need(_DECRYPT, bucket, key, target)
    if action == "PutObject" and (source := iam_actions._s3_source_object(headers)):
        bucket, _, key = source[0].removeprefix("arn:aws:s3:::").partition("/")
        if (owner := s3._bucket_owner_account(bucket)) is not None:
            with request_scope(owner, get_region()):
                yield from _need(_DECRYPT, bucket, key, _stored(bucket, key, source[1]))


def _need(action: str, bucket: str, key: str, encryption: Headers) -> Iterator[Need]:
    if encryption.get(_ENCRYPTED_BY) == "aws:kms" and (kms_key := encryption.get(_KEY_ID)):
        yield Need(action=action, bucket=bucket, key=key, kms_key=kms_key)


def _stored(bucket: str, key: str, version: str) -> Headers:
    """The encryption of an object that is there."""
    for found in s3._object_versions.get((bucket, key), []) if version else ():
        if found["version_id"] == version and not found.get("is_delete_marker"):
            return dict(s3._stored_sse_headers(found))
    record = s3._buckets[bucket]["objects"].get(key)
    return dict(s3._stored_sse_headers(record)) if record else {}


def _target(bucket: str, headers: Headers, query: Mapping[str, Any]) -> Headers:
    """The encryption of an object that is being written: the upload's, its own or the bucket's."""
    upload = s3._multipart_uploads.get(_one(query, "uploadId"))
    if upload:
        return dict(s3._stored_sse_headers(upload))
    return headers if _ENCRYPTED_BY in headers else s3._bucket_default_sse_headers(bucket)


def _refusal(access_key: str, need: Need) -> str | None:
    region, owner = get_region(), s3._bucket_owner_account(need.bucket)
    arn = need.kms_key
    if not arn.startswith("arn:"):
        arn = f"arn:aws:kms:{region}:{owner}:key/{arn}"
    with request_scope(owner, region):
        whole = "<BucketKeyEnabled>true" in str(s3._bucket_encryption.get(need.bucket))
    encrypted = f"arn:aws:s3:::{need.bucket}" + ("" if whole else f"/{need.key}")
    context = {
        "kms:ViaService": f"s3.{region}.amazonaws.com",
        "kms:EncryptionContext:aws:s3:arn": encrypted,
        "kms:EncryptionContextKeys": ["aws:s3:arn"],
    }
    return access.refusal_of(access_key, need.action, arn, region=region, context=context)


def _one(query: Mapping[str, Any], name: str = "versionId") -> str:
    value = query.get(name) or ""
    return str(value[0] if isinstance(value, list) else value)
