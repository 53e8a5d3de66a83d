"""What S3 asks of KMS, by the request and by how objects are encrypted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ministack.core.responses import request_scope  # type: ignore[import-untyped]
from ministack.services import s3  # type: ignore[import-untyped]

from local.cloud.encryption import encryption_xml, needs

_OWNER = "222222222222"
_KEY = f"arn:aws:kms:us-east-1:{_OWNER}:key/one"
_OTHER_KEY = f"arn:aws:kms:us-east-1:{_OWNER}:key/two"
_BY = "x-amz-server-side-encryption"
_UNDER_KEY = {_BY: "aws:kms", f"{_BY}-aws-kms-key-id": _KEY}
_UNDER_OTHER = {_BY: "aws:kms", f"{_BY}-aws-kms-key-id": _OTHER_KEY}
_DEFAULT = (
    "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault>"
    f"<SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>{_KEY}</KMSMasterKeyID>"
    "</ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>"
)
_READ = [("kms:Decrypt", _KEY)]
_WRITE = [("kms:GenerateDataKey", _KEY)]


@pytest.fixture(autouse=True)
def _buckets() -> Iterator[None]:
    """Two buckets of another account than the caller's, one with a key of its own."""
    stores = (s3._buckets, s3._bucket_encryption, s3._object_versions, s3._multipart_uploads)
    with request_scope(_OWNER, "us-east-1"):
        locked = {"preserved_headers": _UNDER_KEY, "body": b""}
        s3._buckets["locked"] = {"objects": {"one": locked, "plain": {"preserved_headers": {}}}}
        s3._bucket_encryption["locked"] = _DEFAULT
        s3._buckets["open"] = {"objects": {}}
        s3._object_versions[("locked", "old")] = [
            {"version_id": "v1", "preserved_headers": _UNDER_OTHER}
        ]
        s3._multipart_uploads["upload"] = {"preserved_headers": _UNDER_OTHER}
    yield
    for store in stores:
        store.clear()


@pytest.mark.parametrize(
    ("method", "path", "headers", "query", "expected"),
    [
        ("GET", "/locked/one", {}, {}, _READ),
        ("GET", "/locked/plain", {}, {}, []),
        ("GET", "/locked/missing", {}, {}, []),
        ("GET", "/locked/one", {}, {"tagging": [""]}, []),
        ("GET", "/locked/old", {}, {"versionId": ["v1"]}, [("kms:Decrypt", _OTHER_KEY)]),
        ("GET", "/locked", {}, {"list-type": ["2"]}, []),
        ("GET", "/nobody/one", {}, {}, []),
        ("HEAD", "/locked/one", {}, {}, []),
        ("HEAD", "/locked/one", {"x-amz-checksum-mode": "ENABLED"}, {}, _READ),
        ("DELETE", "/locked/one", {}, {}, []),
        ("PUT", "/locked/new", {}, {}, _WRITE),
        ("PUT", "/locked/new", {_BY: "AES256"}, {}, []),
        ("PUT", "/open/new", {}, {}, []),
        ("PUT", "/open/new", _UNDER_KEY, {}, _WRITE),
        ("PUT", "/open/new", {"x-amz-copy-source": "/locked/one"}, {}, _READ),
        ("PUT", "/locked/new", {"x-amz-copy-source": "locked/one"}, {}, [*_WRITE, *_READ]),
        (
            "PUT",
            "/open/new",
            {"x-amz-copy-source": "locked/old?versionId=v1"},
            {},
            [("kms:Decrypt", _OTHER_KEY)],
        ),
        ("POST", "/locked/new", {}, {"uploads": [""]}, [*_WRITE, *_READ]),
        (
            "PUT",
            "/locked/new",
            {},
            {"uploadId": ["upload"], "partNumber": ["1"]},
            [("kms:GenerateDataKey", _OTHER_KEY), ("kms:Decrypt", _OTHER_KEY)],
        ),
    ],
)
def test_a_request_needs_of_a_key(
    method: str,
    path: str,
    headers: dict[str, str],
    query: dict[str, list[str]],
    expected: list[tuple[str, str]],
) -> None:
    found = [(need.action, need.kms_key) for need in needs(method, path, headers, query)]
    assert found == expected


def test_the_encryption_of_a_template_is_the_buckets() -> None:
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": _OTHER_KEY}
    rule = {"BucketKeyEnabled": True, "ServerSideEncryptionByDefault": default}
    body = encryption_xml({"ServerSideEncryptionConfiguration": [rule]})
    with request_scope(_OWNER, "us-east-1"):
        assert s3._put_bucket_encryption("open", body)[0] == 200
        assert s3._bucket_default_sse_headers("open") == _UNDER_OTHER
    assert b"<BucketKeyEnabled>true</BucketKeyEnabled>" in body
