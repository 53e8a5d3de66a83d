#!/usr/bin/env python3
"""Lays a model's folder over container/: together they are what an image is made of.

    overlay.py FOLDER TARGET

FOLDER is a path in the repository, such as examples/boosted_regressor, with a model.py. TARGET is
made: container/ first, then the files of FOLDER over those of the same name. Modules beside
model.py go into the image too; whatever else shall go needs a .dockerignore in FOLDER.
"""

import argparse
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
_LEFT_OUT = shutil.ignore_patterns("__pycache__", ".*_cache", ".hypothesis", ".venv", ".git")


class OverlayError(Exception):
    """There is no such model; the message says what, why and what to do."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(
            f"{what}.\n  Why: {why}.\n  Do: name a folder of the repository that has a model.py, "
            "such as container or examples/boosted_regressor."
        )


def assemble(folder: str, target: Path, *, root: Path = HERE.parent) -> None:
    """Make ``target`` of container/ and the model's folder.

    Args:
        folder: a path in the repository, with / between its parts; ``container`` is itself.
        target: does not exist yet.
        root: the repository.

    Raises:
        OverlayError: the folder is missing, has no model.py or lies outside of the repository.
        OSError: a file cannot be read or written.
    """
    model = _model(folder, root.resolve())
    container = root.resolve() / "container"
    shutil.copytree(container, target, symlinks=True, ignore=_LEFT_OUT)
    if model == container:
        return
    shutil.copytree(model, target, symlinks=True, ignore=_LEFT_OUT, dirs_exist_ok=True)
    _let_through(target / ".dockerignore", sorted(path.name for path in model.glob("*.py")))


def _model(folder: str, root: Path) -> Path:
    path = (root / folder).resolve()
    if not path.is_relative_to(root) or path == root:
        raise OverlayError(f"{folder!r} is no model", "it is not a folder inside of the repository")
    if not path.is_dir():
        raise OverlayError(f"{folder!r} is no model", "the repository has no such folder")
    if not (path / "model.py").is_file():
        raise OverlayError(f"{folder!r} is no model", "it has no model.py")
    return path


def _let_through(ignored: Path, names: list[str]) -> None:
    """Name modules in .dockerignore, which lets nothing else through to the engine."""
    text = ignored.read_text(encoding="utf-8")
    known = text.splitlines()
    more = [f"!{name}\n" for name in names if f"!{name}" not in known]
    ignored.write_text(text.removesuffix("\n") + "\n" + "".join(more), encoding="utf-8")


def main() -> int:
    """0 if the folder is there."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder")
    parser.add_argument("target", type=Path)
    given = parser.parse_args()
    try:
        assemble(given.folder, given.target)
    except (OverlayError, OSError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
