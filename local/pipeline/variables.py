"""Variables of actions: `#{namespace.name}` in a configuration.

https://docs.aws.amazon.com/codepipeline/latest/userguide/reference-variables.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping

PIPELINE, DECLARED = "codepipeline", "variables"
"""The namespaces that need no action: of the execution, and of the pipeline's own variables."""

PIPELINE_VARIABLES = ("PipelineExecutionId",)

Namespaces = Mapping[str, Mapping[str, str]]

_REFERENCE = re.compile(r"#\{([^{}]*)\}")
_NAMED = re.compile(r"([A-Za-z0-9@_-]{1,100})\.([A-Za-z0-9@_.-]+)")


class UnresolvedError(Exception):
    """A reference that stands for nothing; the text says which and why."""


def references(text: str) -> list[str]:
    """What stands between `#{` and `}`, in order."""
    return _REFERENCE.findall(text)


def split(reference: str) -> tuple[str, str] | None:
    """Namespace and name of a reference; None if it is written wrong."""
    matched = _NAMED.fullmatch(reference)
    return (matched[1], matched[2]) if matched else None


def resolve(text: str, namespaces: Namespaces) -> str:
    """The text with every reference replaced.

    Raises:
        UnresolvedError: no action has put out what a reference names.
    """

    def value(matched: re.Match[str]) -> str:
        parts = split(matched[1])
        if parts is None:
            raise UnresolvedError(
                f"The variable reference {matched[0]} is not of the form #{{namespace.name}}"
            )
        namespace, name = parts
        if namespace not in namespaces:
            raise UnresolvedError(
                f"The variable {matched[0]} has no value: no action with the namespace "
                f"{namespace} has run"
            )
        if name not in namespaces[namespace]:
            known = ", ".join(sorted(namespaces[namespace])) or "none"
            raise UnresolvedError(
                f"The variable {matched[0]} has no value: the action with the namespace "
                f"{namespace} has put out {known}"
            )
        return namespaces[namespace][name]

    return _REFERENCE.sub(value, text)
