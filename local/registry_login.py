"""The root's log-in to the local registry, for the container engine that runs or builds models."""

from __future__ import annotations

import base64
import json
import shutil
from pathlib import Path


def write(state_dir: Path, *, registry: str, token: str, home: Path) -> None:
    """Write a log-in for Docker and Podman, which leaves the person's own as they are.

    The plug-ins and contexts of a person's Docker stay in reach.
    """
    folder = _folder(state_dir)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in ("cli-plugins", "contexts"):
        if (home / ".docker" / name).is_dir():
            (folder / name).symlink_to(home / ".docker" / name)
    encoded = base64.b64encode(f"AWS:{token}".encode()).decode()
    file = folder / "config.json"
    file.touch(mode=0o600)
    file.write_text(json.dumps({"auths": {registry: {"auth": encoded}}}), encoding="utf-8")


def variables(state_dir: Path) -> dict[str, str]:
    """What lets Docker and Podman use it."""
    folder = _folder(state_dir)
    return {"DOCKER_CONFIG": str(folder), "REGISTRY_AUTH_FILE": str(folder / "config.json")}


def _folder(state_dir: Path) -> Path:
    return state_dir / "registry"
