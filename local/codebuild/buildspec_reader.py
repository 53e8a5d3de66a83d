"""Reads YAML the way CodeBuild does, and collects faults with their places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml  # type: ignore[import-untyped]


class _Loader(yaml.BaseLoader):  # type: ignore[misc]
    """Keeps every scalar as it is written: YAML 1.1 makes a float of 3.10 and a boolean of on.

    A key that stands there twice is an error rather than overwritten in silence.
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise yaml.constructor.ConstructorError(
                    None, None, "a key must be text", key_node.start_mark
                )
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands there twice", key_node.start_mark
                )
            seen.add(key)
        found: dict[Any, Any] = super().construct_mapping(node, deep)
        return found


def load(text: str) -> object:
    """The document; every scalar is text.

    Raises:
        yaml.YAMLError: it is no YAML, or has a key twice.
    """
    return yaml.load(text, Loader=_Loader)  # noqa: S506 - it makes text, lists and mappings only


class Reader:
    """Takes values out of a document.

    Attributes:
        faults: one sentence per fault, with its place.
    """

    def __init__(self, document: object) -> None:
        self.document = document
        self.faults: list[str] = []

    def fault(self, place: str, what: str) -> None:
        """Note a fault."""
        self.faults.append(f"{place}: {what}." if place else f"{what}.")

    def mapping(
        self, place: str, value: object, *, known: Sequence[str] = (), required: bool = False
    ) -> dict[str, Any]:
        """A mapping whose keys are all known; without `known` any will do."""
        if value is None and required:
            self.fault(place, "is missing")
            return {}
        if not isinstance(value, dict):
            self.fault(place, "must be a mapping" if place else "it must be a mapping")
            return {}
        for key in value:
            if known and key not in known:
                where = f"{place}.{key}" if place else key
                self.fault(where, f"is unknown; there are {', '.join(known)}")
        return value

    def text(self, place: str, value: object) -> str:
        """One text."""
        if isinstance(value, str):
            return value
        self.fault(place, f"must be text, but YAML reads {_kind(value)}; put it in quotes")
        return ""

    def texts(self, place: str, value: object) -> list[str]:
        """A list of texts; a single one counts as a list, as on AWS."""
        if isinstance(value, str):
            if not value.strip():
                self.fault(place, "is empty")
            return [value]
        if not isinstance(value, list):
            self.fault(place, "must be a list")
            return []
        found = []
        for number, each in enumerate(value, 1):
            text = self.text(f"{place}[{number}]", each)
            if isinstance(each, str) and not text.strip():
                self.fault(f"{place}[{number}]", "is empty")
            found.append(text)
        return found

    def texts_by_name(self, place: str, value: object) -> dict[str, str]:
        """A mapping of texts."""
        given = self.mapping(place, value)
        return {name: self.text(f"{place}.{name}", each) for name, each in given.items()}

    def yes_or_no(self, place: str, value: object) -> bool:
        """A switch."""
        if value not in ("yes", "no", "true", "false"):
            self.fault(place, f"is {value!r}; it must be yes or no")
        return value in ("yes", "true")


def _kind(value: object) -> str:
    return "a mapping" if isinstance(value, dict) else "a list"
