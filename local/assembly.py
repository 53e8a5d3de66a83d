"""What a synthesized cloud assembly would deploy, and into which accounts and regions.

https://docs.aws.amazon.com/cdk/v2/guide/deploy.html
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.cloud.server import ACCOUNT_ID, REGION

_SINGLE = "Production"
_ENVIRONMENT = re.compile(r"aws://(?P<account>[^/]+)/(?P<region>.+)")


@dataclass(frozen=True, order=True)
class Place:
    """An account and a region."""

    account: str = ACCOUNT_ID
    region: str = REGION

    @classmethod
    def parse(cls, environment: str) -> Place:
        """Read `aws://<account>/<region>`; what synthesis left open is the local cloud's own."""
        match = _ENVIRONMENT.fullmatch(environment)
        given = match.groupdict() if match else {}
        return cls(**{name: text for name, text in given.items() if "unknown-" not in text})


@dataclass(frozen=True, kw_only=True)
class Stack:
    """One stack: its id in the app (`ModelPipeline/Production/Release`), name and place."""

    path: str
    name: str
    place: Place


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What is deployed for one environment, such as `Production`, into one place."""

    name: str
    stacks: tuple[Stack, ...]

    @property
    def environment(self) -> str | None:
        """Its name in the settings; None for the stage of settings that list no environments."""
        return None if self.name == _SINGLE else self.name.lower()

    @property
    def place(self) -> Place:
        """Where its stacks go."""
        return self.stacks[0].place


@dataclass(frozen=True, kw_only=True)
class Assembly:
    """An app's stacks: its own, and those of its stages in the order of the app."""

    stacks: tuple[Stack, ...]
    stages: tuple[Stage, ...]

    @classmethod
    def read(cls, folder: Path) -> Assembly:
        """Read what `cdk synth --output <folder>` has written. Raises FileNotFoundError."""
        manifest = _manifest(folder)
        nested = [
            artifact["properties"]
            for artifact in manifest["artifacts"].values()
            if artifact["type"] == "cdk:cloud-assembly"
        ]
        return cls(
            stacks=_stacks(manifest),
            stages=tuple(
                Stage(
                    name=one["displayName"].rpartition("/")[2],
                    stacks=_stacks(_manifest(folder / one["directoryName"])),
                )
                for one in nested
            ),
        )

    def places(self) -> list[Place]:
        """Every account and region that it needs, that of its own stacks first."""
        every = [*self.stacks, *(stack for stage in self.stages for stack in stage.stacks)]
        return list(dict.fromkeys(stack.place for stack in every))


def _manifest(folder: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return manifest


def _stacks(manifest: dict[str, Any]) -> tuple[Stack, ...]:
    return tuple(
        Stack(
            path=artifact.get("displayName", identity),
            name=artifact["properties"].get("stackName", identity),
            place=Place.parse(artifact["environment"]),
        )
        for identity, artifact in manifest["artifacts"].items()
        if artifact["type"] == "aws:cloudformation:stack"
    )
