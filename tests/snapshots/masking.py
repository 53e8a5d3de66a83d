"""What changes in a template with the functions' code and says nothing of the infrastructure."""

from __future__ import annotations

import re
from typing import Any

_HASHES = (
    # Assets, and the configuration of a pipeline step: a SHA-256 in hexadecimal.
    (re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])"), "<hash>"),
    # Where the pipeline publishes an asset to: a short digest after the destination.
    (re.compile(r"(current_account-current_region)-[0-9a-f]{8}"), r"\1-<hash>"),
    # CDK's ids of API deployments and function versions end with a digest of what they hold.
    (re.compile(r"(Deployment|CurrentVersion)[0-9A-Fa-f]{8}[0-9a-f]{32}"), r"\1<hash>"),
)


def masked(value: Any) -> Any:  # noqa: ANN401 - JSON
    """The value with every such hash replaced, in keys too."""
    if isinstance(value, dict):
        return {masked(key): masked(item) for key, item in value.items()}
    if isinstance(value, list):
        return [masked(item) for item in value]
    if isinstance(value, str):
        for pattern, replacement in _HASHES:
            value = pattern.sub(replacement, value)
    return value
