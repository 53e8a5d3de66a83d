"""Unpacks tar archives whose names must not lead out of a folder."""

from __future__ import annotations

import tarfile
from pathlib import Path, PurePosixPath


def unpack(tar: tarfile.TarFile, folder: Path) -> None:
    """Unpack everything into a folder, without owners and special modes.

    Raises:
        tarfile.TarError: a name or link leads out of the folder, or is of a special file.
    """
    if hasattr(tarfile, "data_filter"):
        tar.extractall(folder, filter="data")
        return
    # Python before 3.11.4 has no filters; links are more than a model needs.
    for member in tar.getmembers():
        parts = PurePosixPath(member.name)
        if parts.is_absolute() or ".." in parts.parts or not (member.isreg() or member.isdir()):
            raise tarfile.TarError(
                f"{member.name} is a link or leads out of the archive; Python 3.11.4 or newer "
                "unpacks links that stay within"
            )
        member.uid = member.gid = 0
        member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
    tar.extractall(folder)  # noqa: S202 - every name was checked
