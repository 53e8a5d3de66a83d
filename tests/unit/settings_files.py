"""Settings files for tests: the checked-in one, and copies with a fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlops_stacks.settings import load_settings
from mlops_stacks.settings_faults import SettingsError

ROOT = Path(__file__).resolve().parents[2]
VALID = ROOT / "tests" / "settings.toml"


def edited(folder: Path, old: str, new: str) -> Path:
    """A copy of the valid file with one piece of text put in place of another."""
    text = VALID.read_text(encoding="utf-8")
    assert old in text
    path = folder / "settings.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def message_of(path: Path) -> str:
    """What a person reads who uses a file that is wrong."""
    with pytest.raises(SettingsError) as raised:
        load_settings(path)
    return str(raised.value)
