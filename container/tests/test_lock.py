"""requirements*.txt: made of their .in files, exact, hashed, and whole on every machine."""

import importlib.metadata
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from support import CONTAINER

WANTED = sorted(
    (*CONTAINER.glob("requirements*.in"), *CONTAINER.parent.glob("examples/*/requirements.in"))
)
# What an image may be built for: any Python of these on any machine of these.
MACHINES = [
    {"python_version": version, "python_full_version": f"{version}.0", "platform_machine": machine}
    for version in ("3.11", "3.12", "3.13")
    for machine in ("x86_64", "aarch64")
]
ENTRY = re.compile(
    r"(?P<name>[\w.-]+)==(?P<version>[^\s;]+)(?: ;[^-]+)?(?: --hash=sha256:[0-9a-f]{64})+"
)


@dataclass(frozen=True)
class Lock:
    """A requirements.txt: the versions that it pins by name, and lines that are none of these."""

    versions: dict[str, str]
    strange: list[str]

    @classmethod
    def of(cls, path: Path) -> "Lock":
        found: dict[str, str] = {}
        strange: list[str] = []
        lines = path.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
        for line in (" ".join(line.split()) for line in lines):
            if match := ENTRY.fullmatch(line):
                found[canonicalize_name(match["name"])] = match["version"]
            elif line and not line.startswith("#"):
                strange.append(line)
        return cls(found, strange)


def wanted(path: Path) -> Iterator[Requirement]:
    """What a requirements.in asks for, with what it includes."""
    for line in path.read_text(encoding="utf-8").splitlines():
        words = line.partition("#")[0].strip()
        if words.startswith("-r "):
            yield from included(path.parent / words.removeprefix("-r ").strip())
        elif words and not words.startswith("-c "):  # that only bounds what others ask for
            yield Requirement(words)


def included(path: Path) -> Iterator[Requirement]:
    if path.suffix == ".in":
        yield from wanted(path)
    else:
        for name, version in Lock.of(path).versions.items():
            yield Requirement(f"{name}=={version}")


def named(path: Path) -> str:
    return path.relative_to(CONTAINER.parent).as_posix()


@pytest.mark.parametrize("path", WANTED, ids=named)
def test_a_lock_belongs_to_its_requirements(path: Path) -> None:
    locked = Lock.of(path.with_suffix(".txt")).versions
    missing = [
        str(requirement)
        for requirement in wanted(path)
        if not requirement.specifier.contains(
            locked.get(canonicalize_name(requirement.name), "0"), prereleases=True
        )
        or canonicalize_name(requirement.name) not in locked
    ]
    assert not missing, f"{named(path)} has changed: run `make lock`"


@pytest.mark.parametrize("path", WANTED, ids=named)
def test_everything_in_a_lock_is_exact_and_has_hashes(path: Path) -> None:
    lock = Lock.of(path.with_suffix(".txt"))
    assert lock.versions
    # No options either: a name of an index would be followed by whoever installs it.
    assert not lock.strange, "write requirements.in and run `make lock`"


@pytest.mark.parametrize("path", WANTED, ids=named)
def test_a_lock_is_whole_on_every_machine(path: Path) -> None:
    locked = Lock.of(path.with_suffix(".txt")).versions
    missing = {
        f"{name} needs {needed.name} with Python {machine['python_version']}"
        for name, version in locked.items()
        for needed in _needs(name, version)
        for machine in MACHINES
        if needed.marker is None or needed.marker.evaluate({"extra": "", **machine})
        if canonicalize_name(needed.name) not in locked
    }
    assert not missing, "pip-compile sees one Python and one machine; name these in requirements.in"


def _needs(name: str, version: str) -> Iterator[Requirement]:
    """What a package asks for, if that very version is here."""
    try:
        found = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return
    if found.version == version:
        yield from map(Requirement, found.requires or ())
