"""The type of a parsed JSON value."""

from __future__ import annotations

from typing import Any, TypeAlias

# JSON is checked at the edge against the service model, not by the type checker.
Json: TypeAlias = Any
