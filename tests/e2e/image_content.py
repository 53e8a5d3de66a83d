"""What lies in an image: found by a program that runs in it, as JSON."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass

# Runs in the image, as root, with the image's own Python.
_PROBE = r"""
import importlib.util, json, os, shutil, stat, sys
from pathlib import Path

ALL = [
    (path, path.lstat())
    for folder, folders, files in os.walk("/")
    for path in (Path(folder, name) for name in [*folders, *files])
    if not str(path).startswith(("/proc/", "/sys/", "/dev/", "/run/"))
]
ours = [path for path, _ in ALL if str(path).startswith(("/opt/venv/lib/", "/opt/program/"))]
system = os.path.realpath(sys.executable)
has_pip = [
    os.system(f"{python} -c 'import pip' 2>/dev/null") == 0 for python in (sys.executable, system)
]
writable = lambda about: about.st_mode & 0o002 and not stat.S_ISLNK(about.st_mode)
sources = (".c", ".h", ".pyi", ".pyx")
print(json.dumps({
    "programs": [name for name in json.loads(sys.argv[1]) if shutil.which(name)],
    "pip": any(has_pip),
    "open": [str(path) for path, about in ALL if writable(about)],
    "raises": [
        str(path) for path, about in ALL
        if stat.S_ISREG(about.st_mode) and about.st_mode & (stat.S_ISUID | stat.S_ISGID)
    ],
    "caches": [
        str(path) for path, about in ALL
        if str(path).startswith(("/root/.cache", "/var/lib/apt/lists/", "/var/cache/apt/", "/tmp/"))
        and stat.S_ISREG(about.st_mode)
    ],
    "uncompiled": [
        str(path) for path in ours
        if path.suffix == ".py" and not Path(importlib.util.cache_from_source(path)).is_file()
    ],
    "useless": [
        str(path) for path in ours if path.suffix in sources or path.name == "tests"
    ],
    "program": sorted(path.name for path in Path("/opt/program").glob("*")),
}))
"""


@dataclass(frozen=True, kw_only=True)
class Content:
    """What was found.

    Attributes:
        programs: those of the names that were asked for which are on PATH.
        pip: whether a Python of the image has pip.
        open: paths that everybody may write to.
        raises: programs that run as their owner or group, whoever starts them.
        caches: files in the caches of root, apt and /tmp.
        uncompiled: modules without byte code.
        useless: sources, stubs and tests below what was installed.
        program: names in the program's folder.
    """

    programs: list[str]
    pip: bool
    open: list[str]
    raises: list[str]
    caches: list[str]
    uncompiled: list[str]
    useless: list[str]
    program: list[str]


def look_into(engine: str, image: str, *, programs: list[str]) -> Content:
    """Look at an image, or at its base."""
    words = (engine, "run", "--rm", "--network", "none", "--read-only", image)
    found = subprocess.run(
        [*words, "python3", "-c", _PROBE, json.dumps(programs)],
        capture_output=True,
        text=True,
        check=True,
    )
    return Content(**json.loads(found.stdout))


def inspected(engine: str, image: str, what: str) -> str:
    """What an engine says of an image, by a template of its own."""
    command = [engine, "image", "inspect", "--format", what, image]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def read(engine: str, image: str, path: str) -> str:
    """A file of an image."""
    command = [engine, "run", "--rm", "--network", "none", image, "cat", path]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
