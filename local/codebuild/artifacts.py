"""Which files of a build become an artifact, and the zip that CodePipeline hands on."""

from __future__ import annotations

import glob
import os
import re
import stat
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import ClassVar

from local.codebuild.errors import PhaseError


@dataclass(frozen=True, kw_only=True)
class Artifacts:
    """What a buildspec says of one artifact.

    Attributes:
        files: patterns below the base directory; `**/*` is everything.
    """

    KEYS: ClassVar[tuple[str, ...]] = (
        *("files", "name", "base-directory", "discard-paths", "exclude-paths"),
        *("enable-symlinks", "s3-prefix"),
    )
    files: Sequence[str]
    base_directory: str = "."
    discard_paths: bool = False
    exclude_paths: Sequence[str] = ()


def select(artifacts: Artifacts, folder: Path) -> dict[str, Path]:
    """Name in the artifact -> file.

    Raises:
        PhaseError: the base directory or every file is missing, in AWS's words.
    """
    base = _base(artifacts, folder)
    wanted = [_pattern(pattern) for pattern in artifacts.files]
    unwanted = [_pattern(pattern) for pattern in artifacts.exclude_paths]
    found: dict[str, Path] = {}
    for path in _files(base):
        name = path.relative_to(base).as_posix()
        if not any(pattern.fullmatch(name) for pattern in wanted):
            continue
        if any(pattern.fullmatch(name) for pattern in unwanted):
            continue
        found[PurePosixPath(name).name if artifacts.discard_paths else name] = path
    if not found:
        raise PhaseError(
            "CLIENT_ERROR",
            f"no matching artifact paths found: {', '.join(artifacts.files)} below {base}",
        )
    return found


def pack(files: dict[str, Path], target: Path) -> None:
    """Write a zip with modes and symbolic links."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
        for name, path in sorted(files.items()):
            if not path.is_symlink():
                archive.write(path, name)
                continue
            link = zipfile.ZipInfo(name)
            link.create_system = 3  # Unix: the mode is what makes it a link.
            link.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(link, str(path.readlink()))


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a zip with modes and symbolic links.

    Raises:
        PhaseError: it is no zip, or a name or link leads out of the folder.
    """
    root = folder.resolve()
    try:
        with zipfile.ZipFile(archive) as given:
            for entry in given.infolist():
                _unpack_entry(given, entry, root)
    except zipfile.BadZipFile as error:
        raise PhaseError("CLIENT_ERROR", f"the source is no zip file: {error}") from error


def _unpack_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, root: Path) -> None:
    target = root / entry.filename
    mode = entry.external_attr >> 16
    is_link = stat.S_ISLNK(mode)
    points_to = target.parent / archive.read(entry).decode() if is_link else target
    for path in (target.parent, points_to):
        if not path.resolve().is_relative_to(root):
            raise PhaseError("CLIENT_ERROR", f"{entry.filename} leads out of the source")
    if entry.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if is_link:
        target.symlink_to(archive.read(entry).decode())
        return
    with archive.open(entry) as source, target.open("wb") as file:
        while block := source.read(1 << 20):
            file.write(block)
    target.chmod(0o755 if mode & 0o100 else 0o644)


def _base(artifacts: Artifacts, folder: Path) -> Path:
    pattern = str(folder / artifacts.base_directory)  # An absolute one stands for itself.
    found = [Path(path) for path in sorted(glob.glob(pattern)) if Path(path).is_dir()]  # noqa: PTH207 - may be absolute
    if len(found) != 1:
        raise PhaseError(
            "CLIENT_ERROR", f"no matching base directory path found for {artifacts.base_directory}"
        )
    return found[0]


def _files(base: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(base):
        folders.sort()
        links = [name for name in folders if (Path(parent) / name).is_symlink()]
        for name in sorted([*names, *links]):
            yield Path(parent) / name


def _pattern(text: str) -> re.Pattern[str]:
    """`*` stops at a slash, `**` does not."""
    text = text.removeprefix("./")
    tokens = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", text)
    return re.compile("".join(tokens.get(part, re.escape(part)) for part in parts), re.DOTALL)
