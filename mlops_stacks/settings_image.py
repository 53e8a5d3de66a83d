"""`[image]` of settings.toml: what an image must be like to be released."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mlops_stacks.settings_fields import Section, matching

_Finding = Annotated[
    str, matching(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}", "a name such as CVE-2023-45853")
]


class ImageSettings(Section):
    """The container image.

    Attributes:
        scan_severity: findings of ECR's scan that are so severe, or worse, stop the release; "off"
            waits for no scan.
        accepted_findings: names of findings that stop nothing, however severe they are.
        source_url: where people find the source, for the image's label; by default the name that
            the pipeline's source has.
    """

    scan_severity: Literal["LOW", "MEDIUM", "HIGH", "CRITICAL", "off"] = "CRITICAL"
    accepted_findings: Annotated[tuple[_Finding, ...], Field(strict=False, max_length=100)] = ()
    source_url: Annotated[str, matching(r"(https?://\S{1,200})?", 'an address or ""')] = ""
