"""`[image]` of settings.toml: what an image must be like to be released."""

from __future__ import annotations

from typing import Annotated, Literal

from mlops_stacks.settings_fields import Section, matching


class ImageSettings(Section):
    """The container image.

    Attributes:
        scan_severity: findings of ECR's scan that are so severe, or worse, stop the release; "off"
            waits for no scan.
        source_url: where people find the source, for the image's label; by default the name that
            the pipeline's source has.
    """

    scan_severity: Literal["LOW", "MEDIUM", "HIGH", "CRITICAL", "off"] = "CRITICAL"
    source_url: Annotated[str, matching(r"(https?://\S{1,200})?", 'an address or ""')] = ""
