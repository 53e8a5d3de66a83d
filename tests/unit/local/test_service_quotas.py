"""The local Service Quotas: generous unless a file in the cloud's folder says otherwise."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from local.cloud.service_quotas import FILE, ServiceQuotas

_TRAINING = "ml.m5.large for training job usage"


def ask(folder: Path, operation: str = "ListServiceQuotas", **request: Any) -> tuple[int, Any]:  # noqa: ANN401 - JSON
    body = json.dumps({"ServiceCode": "sagemaker", **request}).encode()
    status, _, answer = ServiceQuotas(folder).answer(
        operation, body, region="us-east-1", account_id="123456789012"
    )
    return status, json.loads(answer)


def values(folder: Path, operation: str = "ListServiceQuotas") -> dict[str, float]:
    """All pages, by name."""
    found: dict[str, float] = {}
    more: dict[str, str] = {}
    while True:
        status, answer = ask(folder, operation, MaxResults=100, **more)
        assert status == 200, answer
        assert len(answer["Quotas"]) <= 100
        found |= {quota["QuotaName"]: quota["Value"] for quota in answer["Quotas"]}
        if "NextToken" not in answer:
            return found
        more = {"NextToken": answer["NextToken"]}


def test_there_is_a_quota_for_every_type_and_use(tmp_path: Path) -> None:
    found = values(tmp_path)

    for use in ("training job", "spot training job", "transform job", "endpoint"):
        assert found[f"ml.m5.large for {use} usage"] == 100
    assert "ml.t2.medium for endpoint usage" in found
    assert "ml.t2.medium for training job usage" not in found


def test_a_file_sets_others_and_leaves_the_defaults(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(json.dumps({_TRAINING: 0, "a new one": 1.5}), encoding="utf-8")

    own, defaults = values(tmp_path), values(tmp_path, "ListAWSDefaultServiceQuotas")

    assert (own[_TRAINING], own["a new one"]) == (0, 1.5)
    assert defaults[_TRAINING] == 100
    assert "a new one" not in defaults


def test_a_code_belongs_to_one_quota(tmp_path: Path) -> None:
    (_, first), (_, again) = ask(tmp_path), ask(tmp_path)
    codes = [quota["QuotaCode"] for quota in first["Quotas"]]

    assert first == again
    assert len(set(codes)) == len(codes)
    assert first["Quotas"][0]["QuotaArn"].endswith(f":sagemaker/{codes[0]}")


@pytest.mark.parametrize("content", ["{", "[]", '{"a": "many"}', '{"a": true}'])
def test_a_file_that_is_wrong_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content, encoding="utf-8")

    status, answer = ask(tmp_path)

    assert (status, answer["__type"]) == (400, "IllegalArgumentException")
    assert str(tmp_path / FILE) in answer["message"]


@pytest.mark.parametrize(
    ("operation", "request_", "code"),
    [
        ("ListServiceQuotas", {"ServiceCode": "ec2"}, "NoSuchResourceException"),
        ("ListServiceQuotas", {"MaxResults": 101}, "ValidationException"),
        ("ListServiceQuotas", {"NextToken": "!"}, "ValidationException"),
        ("GetServiceQuota", {"QuotaCode": "L-1"}, "IllegalArgumentException"),
        ("NoSuchOperation", {}, "UnknownOperationException"),
    ],
)
def test_what_aws_refuses_is_refused(
    tmp_path: Path, operation: str, request_: dict[str, Any], code: str
) -> None:
    status, answer = ask(tmp_path, operation, **request_)

    assert status >= 400
    assert answer["__type"] == code
