#!/usr/bin/env python3
"""Waits for ECR's scan of an image; fails if it found something as severe as the limit, or worse.

    scan_gate.py REPOSITORY_URI DIGEST SEVERITY [--again] [--accepted "NAME NAME"]

SEVERITY is LOW, MEDIUM, HIGH or CRITICAL. With --again an older image is scanned anew, so that what
has become known since counts too; ECR does that once a day at most. Findings that are accepted stop
nothing: many have no fix, or are none of what the image uses.
"""

import argparse
import sys
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

from ecr import EcrError, Repository

SEVERITIES = ("LOW", "MEDIUM", "HIGH", "CRITICAL")
_WAIT_SECONDS = 600
_POLL_SECONDS = 5
_SHOWN = 20
# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageScanStatus.html
_UNDER_WAY = ("PENDING", "IN_PROGRESS")
_DONE = ("COMPLETE", "ACTIVE")


class ScanError(Exception):
    """The image was not scanned, or not in time."""


@dataclass(frozen=True)
class Finding:
    """A vulnerability that ECR knows of in an image."""

    name: str
    severity: str
    packages: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.severity} {self.name}" + (
            f" in {', '.join(self.packages)}" * bool(self.packages)
        )


def scan(
    repository: Repository, digest: str, *, sleep: Callable[[float], None] = time.sleep
) -> list[Finding]:
    """What the scan has found, as soon as it is over.

    Raises:
        ScanError: there is no scan, it failed, or it takes more than ten minutes.
    """
    waited = 0
    while True:
        try:
            answer = repository.ask(
                "describe-image-scan-findings", "--image-id", f"imageDigest={digest}"
            )
        except EcrError as error:
            if error.code != "ScanNotFoundException":
                raise
            # It begins some moments after the push.
            answer = {"imageScanStatus": {"status": "PENDING"}}
        status = answer.get("imageScanStatus", {})
        name = status.get("status", "")
        if name in _DONE:
            return list(_findings(answer.get("imageScanFindings", {})))
        if name not in _UNDER_WAY:
            raise ScanError(f"ECR cannot scan it: {name} {status.get('description', '')}".strip())
        if waited >= _WAIT_SECONDS:
            raise ScanError(f"ECR has no result after {waited} s: {name}")
        sleep(_POLL_SECONDS)
        waited += _POLL_SECONDS


def _findings(found: dict[str, Any]) -> Iterator[Finding]:
    # Basic and enhanced scanning answer in forms of their own:
    # https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageScanFindings.html
    for item in found.get("findings", []):
        facts = {fact["key"]: fact.get("value", "") for fact in item.get("attributes", [])}
        package = " ".join(filter(None, (facts.get("package_name"), facts.get("package_version"))))
        yield Finding(item.get("name", ""), item.get("severity", ""), (package,) if package else ())
    for item in found.get("enhancedFindings", []):
        if item.get("status", "ACTIVE") != "ACTIVE":
            continue  # Somebody has suppressed it.
        details = item.get("packageVulnerabilityDetails", {})
        packages = tuple(
            f"{package['name']} {package.get('version', '')}".strip()
            for package in details.get("vulnerablePackages", [])
        )
        name = details.get("vulnerabilityId") or item.get("title", "")
        yield Finding(name, item.get("severity", ""), packages)


def severe(findings: list[Finding], *, limit: str, accepted: Collection[str] = ()) -> list[Finding]:
    """Those at the limit and above, but for those of accepted names; the worst first."""
    rank = {name: number for number, name in enumerate(SEVERITIES)}
    counted = [
        each
        for each in findings
        if rank.get(each.severity, -1) >= rank[limit] and each.name not in accepted
    ]
    return sorted(counted, key=lambda each: (-rank[each.severity], each.name))


def scan_again(repository: Repository, digest: str) -> None:
    """Have an image scanned anew; no matter if ECR did so today, or does it by itself."""
    try:
        repository.ask("start-image-scan", "--image-id", f"imageDigest={digest}")
    except EcrError as error:
        if error.code not in ("LimitExceededException", "ValidationException"):
            raise


def main() -> int:
    """0 if the image may be released."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("repository", type=Repository.parse)
    parser.add_argument("digest")
    parser.add_argument("severity", choices=SEVERITIES)
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--accepted", type=str.split, default=[])
    given = parser.parse_args()
    print(f"Waiting for ECR's scan of {given.digest}.", flush=True)
    try:
        if given.again:
            scan_again(given.repository, given.digest)
        findings = scan(given.repository, given.digest)
    except (EcrError, ScanError) as error:
        print(
            f"Error: the image is not released, as its scan has no result.\n  Why: {error}.\n"
            '  Do: look at the repository in the ECR console; scan_severity = "off" under [image] '
            "in settings.toml releases without a scan.",
            file=sys.stderr,
        )
        return 1
    stopping = severe(findings, limit=given.severity, accepted=given.accepted)
    if not stopping:
        known = sorted({each.name for each in findings}.intersection(given.accepted))
        but = f", but for those that are accepted: {', '.join(known)}" if known else ""
        print(f"{len(findings)} findings, none of them {given.severity} or worse{but}.")
        return 0
    listed = "".join(f"    {finding}\n" for finding in stopping[:_SHOWN])
    more = len(stopping) - _SHOWN
    listed += f"    and {more} more\n" if more > 0 else ""
    print(
        "Error: the image is not released, for its findings of severity "
        f"{given.severity} or worse: {len(stopping)}."
        f"\n  Why: ECR's scan of {given.digest} found\n{listed}"
        "  Do: put newer packages into container/requirements.in and run make lock, or a newer "
        "base image into container/Dockerfile (where its name stays the same, any change there "
        "has it fetched anew), and commit. What has no fix, or is nothing to this image, goes into "
        "accepted_findings under [image] in settings.toml.",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
