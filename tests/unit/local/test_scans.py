"""Scans of images in the local ECR."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import pytest

from local.cloud.scans import offer

_ARN = "arn:aws:ecr:us-east-1:1:repository/iris"


def _ecr(findings: Path, *, scan_on_push: bool = True) -> ModuleType:
    async def others(*_: object) -> tuple[int, dict[str, str], bytes]:
        return 200, {}, b'{"other": true}'

    def answer(content: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        return 200, {}, json.dumps(content).encode()

    def failure(code: str, message: str, status: int) -> tuple[int, dict[str, str], bytes]:
        return status, {}, json.dumps({"__type": code, "message": message}).encode()

    repository = {
        "registryId": "1",
        "repositoryArn": _ARN,
        "imageScanningConfiguration": {"scanOnPush": scan_on_push},
    }
    image = {"imageDigest": "sha256:d", "imagePushedAt": 1}
    ecr = SimpleNamespace(
        handle_request=others,
        json_response=answer,
        error_response_json=failure,
        _repositories={"iris": repository},
        _find_image=lambda _, wanted: image if wanted == {"imageDigest": "sha256:d"} else None,
    )
    offer(cast(ModuleType, ecr), findings)
    return cast(ModuleType, ecr)


def _ask(ecr: ModuleType, operation: str, **given: object) -> dict[str, Any]:
    body = {"repositoryName": "iris", "imageId": {"imageDigest": "sha256:d"}, **given}
    headers = {"x-amz-target": f"AmazonEC2ContainerRegistry_V20150921.{operation}"}
    question = ecr.handle_request("POST", "/", headers, json.dumps(body).encode(), {})
    answer: dict[str, Any] = json.loads(asyncio.run(question)[2])
    return answer


def test_without_a_file_a_scan_finds_nothing(tmp_path: Path) -> None:
    answer = _ask(_ecr(tmp_path / "none.json"), "DescribeImageScanFindings")
    assert answer["imageScanStatus"]["status"] == "COMPLETE"
    assert answer["imageScanFindings"]["findings"] == []


def test_the_file_says_what_a_scan_finds_from_then_on(tmp_path: Path) -> None:
    file = tmp_path / "findings.json"
    ecr = _ecr(file)
    _ask(ecr, "DescribeImageScanFindings")
    file.write_text(json.dumps({"findings": [{"name": "CVE-1", "severity": "HIGH"}]}))

    found = _ask(ecr, "DescribeImageScanFindings")["imageScanFindings"]

    assert found["findingSeverityCounts"] == {"HIGH": 1}
    file.write_text('{"status": "UNSUPPORTED_IMAGE"}')
    answer = _ask(ecr, "DescribeImageScanFindings")
    assert answer["imageScanStatus"] == {"status": "UNSUPPORTED_IMAGE"}
    assert "imageScanFindings" not in answer


def test_an_image_that_nobody_has_scanned_has_no_findings(tmp_path: Path) -> None:
    ecr = _ecr(tmp_path / "none.json", scan_on_push=False)
    assert _ask(ecr, "DescribeImageScanFindings")["__type"] == "ScanNotFoundException"
    assert _ask(ecr, "StartImageScan")["imageScanStatus"]["status"] == "IN_PROGRESS"
    assert "imageScanFindings" in _ask(ecr, "DescribeImageScanFindings")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"repositoryName": "other"}, "RepositoryNotFoundException"),
        ({"imageId": {"imageTag": "x"}}, "ImageNotFoundException"),
    ],
)
def test_what_is_not_there_is_refused(tmp_path: Path, given: dict[str, Any], code: str) -> None:
    answer = _ask(_ecr(tmp_path / "none.json"), "DescribeImageScanFindings", **given)
    assert answer["__type"] == code


def test_other_questions_are_ministack_s(tmp_path: Path) -> None:
    assert _ask(_ecr(tmp_path / "none.json"), "ListImages") == {"other": True}
