"""Which settings file is deployed on a local cloud: later verbs go by it."""

from __future__ import annotations

import os
from pathlib import Path

from local.terminal import LocalError
from mlops_stacks.settings import (
    SETTINGS_FILE,
    SETTINGS_VARIABLE,
    path_in_repository,
    settings_file,
)


def remember(state_dir: Path) -> str:
    """Note the file that was just deployed; returns it as SETTINGS names it."""
    file = settings_file()
    name = path_in_repository(file) or (SETTINGS_FILE.name if file == SETTINGS_FILE else str(file))
    _note(state_dir).write_text(f"{name}\n", encoding="utf-8")
    return name


def use(state_dir: Path) -> None:
    """Let SETTINGS name the file that is deployed.

    Raises:
        LocalError: it names another one.
    """
    try:
        deployed = _note(state_dir).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return  # Nothing is deployed, and whoever looks for it says so.
    wanted = settings_file()
    if os.environ.get(SETTINGS_VARIABLE):
        os.environ[SETTINGS_VARIABLE] = deployed
        if wanted.resolve() != settings_file().resolve():
            raise LocalError(
                what="The local cloud has other settings than SETTINGS names",
                why=f"{deployed} is deployed",
                next_step="leave SETTINGS out, or run `make up` with it first",
            )
    os.environ[SETTINGS_VARIABLE] = deployed


def _note(state_dir: Path) -> Path:
    return state_dir / "settings"
