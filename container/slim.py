#!/usr/bin/env python3
"""Takes out of installed packages what no program in the image uses.

    slim.py FOLDER

That is: tests, type stubs, headers and the sources that extensions were compiled from; and of
compiled extensions what only linkers and debuggers read. What a package tells of itself
(*.dist-info, its licences too) stays: the bill of materials is made of it.
"""

import shutil
import struct
import sys
from pathlib import Path

_FOLDERS = ("tests", "include")
_SUFFIXES = {".c", ".cc", ".cpp", ".h", ".hpp", ".f90", ".pyx", ".pxd", ".pxi", ".a"}
_ELF_64_LITTLE = b"\x7fELF\x02\x01"


def slim(folder: Path) -> None:
    """Make what is below ``folder`` smaller."""
    for path in [path for path in folder.rglob("*") if path.name in _FOLDERS]:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
    # lazy_loader (of scikit-image, librosa) reads stubs at run time.
    suffixes = _SUFFIXES | (set() if [*folder.rglob("lazy_loader")] else {".pyi"})
    for path in folder.rglob("*"):
        if path.is_symlink() or not path.is_file():
            continue
        if path.suffix in suffixes:
            path.unlink()
        elif ".so" in path.suffixes:
            strip(path)


def strip(path: Path) -> None:
    """Cut a shared library off behind the last segment that is loaded.

    Behind it lie symbols, debugging data and the table of sections, which nothing looks at when a
    library is loaded: https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html
    """
    with path.open("r+b") as file:
        header = file.read(64)
        if not header.startswith(_ELF_64_LITTLE) or len(header) < 64:
            return
        (table,) = struct.unpack_from("<Q", header, 32)
        size, count = struct.unpack_from("<HH", header, 54)
        end = table + size * count
        for number in range(count):
            file.seek(table + size * number)
            # type, flags, then offset, two addresses, size in the file
            _, _, offset, _, _, length = struct.unpack("<IIQQQQ", file.read(40))
            end = max(end, offset + length)
        file.truncate(end)
        file.seek(40)  # where the table of sections is: nowhere
        file.write(bytes(8))
        file.seek(58)  # size and count of its entries, which of them has the names
        file.write(bytes(6))


if __name__ == "__main__":
    slim(Path(sys.argv[1]))
