"""ECR's scans of images, which MiniStack does not know; nothing here knows vulnerabilities either.

A scan finds what a file in the cloud's folder says, in ECR's words, or nothing without the file:
`{"findings": [{"name": "CVE-2026-1", "severity": "HIGH", "attributes": [{"key": "package_name",
"value": "openssl"}]}]}`; `"status": "UNSUPPORTED_IMAGE"` in it is how a scan can fail.
https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImageScanFindings.html
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

Response = tuple[int, dict[str, str], bytes]

FINDINGS_FILE = "scan-findings.json"


def offer(ecr: ModuleType, findings: Path) -> None:
    """Have the `ministack.services.ecr` module answer for scans, too.

    Args:
        findings: the file, read at every question.
    """
    original = ecr.handle_request
    asked_for: set[tuple[str, str]] = set()

    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Response:
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        if operation not in ("DescribeImageScanFindings", "StartImageScan"):
            answer: Response = await original(method, path, headers, body, query)
            return answer
        given = json.loads(body or b"{}")
        name, wanted = given.get("repositoryName", ""), given.get("imageId", {})
        if name not in ecr._repositories:
            why = f"The repository with name '{name}' does not exist"
            return _failure(ecr, "RepositoryNotFoundException", why)
        image = ecr._find_image(name, wanted)
        if image is None:
            return _failure(ecr, "ImageNotFoundException", f"The image {wanted} does not exist")
        repository, digest = ecr._repositories[name], image["imageDigest"]
        about = {
            "registryId": repository["registryId"],
            "repositoryName": name,
            "imageId": {"imageDigest": digest},
        }
        key = (repository["repositoryArn"], digest)
        if operation == "StartImageScan":
            asked_for.add(key)
            started: Response = ecr.json_response(
                {**about, "imageScanStatus": {"status": "IN_PROGRESS"}}
            )
            return started
        if not repository["imageScanningConfiguration"].get("scanOnPush") and key not in asked_for:
            return _failure(ecr, "ScanNotFoundException", f"{digest} was not scanned")
        found: Response = ecr.json_response({**about, **_scan(findings, image["imagePushedAt"])})
        return found

    vars(ecr)["handle_request"] = handle


def _scan(file: Path, pushed_at: float) -> dict[str, Any]:
    known: Mapping[str, Any] = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    status = known.get("status", "COMPLETE")
    answer: dict[str, Any] = {"imageScanStatus": {"status": status}}
    if status == "COMPLETE":
        findings = known.get("findings", [])
        answer["imageScanFindings"] = {
            "imageScanCompletedAt": pushed_at,
            "vulnerabilitySourceUpdatedAt": time.time(),
            "findings": findings,
            "findingSeverityCounts": dict(Counter(each["severity"] for each in findings)),
        }
    return answer


def _failure(ecr: ModuleType, code: str, message: str) -> Response:
    answer: Response = ecr.error_response_json(code, message, 400)
    return answer
