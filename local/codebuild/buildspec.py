"""Reads a buildspec and checks all of it before anything runs.

https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import yaml  # type: ignore[import-untyped]

from local.codebuild.artifacts import Artifacts
from local.codebuild.buildspec_reader import Reader, load
from local.codebuild.errors import PhaseError

PHASES = ("install", "pre_build", "build", "post_build")
VERSION = "0.2"

# What aws/codebuild/standard:7.0 offers of the runtimes that this machine has, too:
# https://docs.aws.amazon.com/codebuild/latest/userguide/available-runtimes.html
RUNTIMES: Mapping[str, tuple[str, ...]] = {
    "python": ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14"),
    "nodejs": ("18", "20", "22", "24"),
}
_SHELLS = ("/bin/sh", "bash")
_NOT_HERE = "the local CodeBuild does not do that"


@dataclass(frozen=True, kw_only=True)
class Phase:
    """What runs in one phase; `finally_commands` run whether its commands succeed or not.

    Attributes:
        continues: the build goes on although this phase has failed.
        aborts: it does not, also where a build without a wish would.
    """

    commands: Sequence[str] = ()
    finally_commands: Sequence[str] = ()
    continues: bool = False
    aborts: bool = False


@dataclass(frozen=True, kw_only=True)
class Buildspec:
    """A buildspec that holds.

    Attributes:
        shell: the program that runs the commands.
        runtimes: runtime -> wished version.
        secondary: artifact identifier -> artifacts.
        ignored: what stands in it and has no effect here, one line each.
    """

    shell: str = "/bin/sh"
    variables: Mapping[str, str] = field(default_factory=dict)
    exported: Sequence[str] = ()
    runtimes: Mapping[str, str] = field(default_factory=dict)
    phases: Mapping[str, Phase] = field(default_factory=dict)
    artifacts: Artifacts | None = None
    secondary: Mapping[str, Artifacts] = field(default_factory=dict)
    ignored: Sequence[str] = ()


def parse(text: str) -> Buildspec:
    """Read a buildspec.

    Raises:
        PhaseError: YAML_FILE_ERROR with every fault and its place.
    """
    try:
        document = load(text)
    except yaml.YAMLError as error:
        message = " ".join(str(error).split())
        raise PhaseError("YAML_FILE_ERROR", f"the buildspec is no YAML: {message}") from error
    reader = Reader(document)
    buildspec = _read(reader)
    if reader.faults:
        count = len(reader.faults)
        listed = " ".join(f"({number}) {fault}" for number, fault in enumerate(reader.faults, 1))
        raise PhaseError(
            "YAML_FILE_ERROR",
            f"the buildspec has {count} {'fault' if count == 1 else 'faults'}: {listed}",
        )
    return buildspec


def _read(reader: Reader) -> Buildspec:
    known = ("version", "run-as", "env", "proxy", "batch", "phases", "reports", "artifacts")
    top = reader.mapping("", reader.document, known=(*known, "cache"))
    version = top.get("version")
    if version is None:
        reader.fault("version", f"is missing; it must be {VERSION}")
    elif version != VERSION:
        reader.fault("version", f"is {version!r}; the local CodeBuild runs {VERSION} only")
    for name in ("run-as", "batch"):
        if name in top:
            reader.fault(name, _NOT_HERE)
    shell, variables, exported = _environment(reader, top.get("env", {}))
    given = reader.mapping("phases", top.get("phases"), known=PHASES, required=True)
    if not given and isinstance(top.get("phases"), dict):
        reader.fault("phases", f"has none of {', '.join(PHASES)}")
    phases = {name: _phase(reader, name, given[name]) for name in PHASES if name in given}
    artifacts, secondary = _artifacts(reader, top.get("artifacts"))
    return Buildspec(
        shell=shell,
        variables=variables,
        exported=exported,
        runtimes=_runtimes(reader, given.get("install")),
        phases=phases,
        artifacts=artifacts,
        secondary=secondary,
        ignored=[
            f"`{name}` has no effect here." for name in ("cache", "reports", "proxy") if name in top
        ],
    )


def _environment(reader: Reader, value: object) -> tuple[str, dict[str, str], list[str]]:
    known = ("shell", "variables", "parameter-store", "exported-variables", "secrets-manager")
    given = reader.mapping("env", value, known=(*known, "git-credential-helper"))
    for name in ("parameter-store", "secrets-manager"):
        if name in given:
            reader.fault(f"env.{name}", f"{_NOT_HERE}; give the value as a plain variable")
    shell = given.get("shell", "/bin/sh")
    if shell not in _SHELLS:
        reader.fault("env.shell", f"is {shell!r}; a Linux build has {' and '.join(_SHELLS)}")
    variables = reader.texts_by_name("env.variables", given.get("variables", {}))
    exported = reader.texts("env.exported-variables", given.get("exported-variables", []))
    for name in (*variables, *exported):
        if name.startswith("CODEBUILD_"):
            reader.fault(f"env: {name}", "names that begin with CODEBUILD_ are CodeBuild's own")
    return shell, variables, exported


def _phase(reader: Reader, name: str, value: object) -> Phase:
    place = f"phases.{name}"
    known = ["run-as", "on-failure", "commands", "finally"]
    if name == "install":
        known.append("runtime-versions")
    given = reader.mapping(place, value, known=known)
    if "run-as" in given:
        reader.fault(f"{place}.run-as", _NOT_HERE)
    on_failure = given.get("on-failure")
    if on_failure not in (None, "ABORT", "CONTINUE"):
        reader.fault(
            f"{place}.on-failure",
            f"is {on_failure!r}; the local CodeBuild knows ABORT and CONTINUE",
        )
    if "commands" not in given and "runtime-versions" not in given:
        reader.fault(place, "has no commands")
    return Phase(
        commands=reader.texts(f"{place}.commands", given.get("commands", [])),
        finally_commands=reader.texts(f"{place}.finally", given.get("finally", [])),
        continues=on_failure == "CONTINUE",
        aborts=on_failure == "ABORT",
    )


def _runtimes(reader: Reader, install: object) -> dict[str, str]:
    if not isinstance(install, dict) or "runtime-versions" not in install:
        return {}
    place = "phases.install.runtime-versions"
    wishes = reader.texts_by_name(place, install["runtime-versions"])
    for runtime, version in wishes.items():
        offered = RUNTIMES.get(runtime)
        if offered is None:
            reader.fault(
                f"{place}.{runtime}", f"the local CodeBuild has {' and '.join(RUNTIMES)} only"
            )
        elif version != "latest" and not any(_matches(version, each) for each in offered):
            reader.fault(
                f"{place}.{runtime}",
                f"the build image has no version {version!r}, but {', '.join(offered)}",
            )
    return wishes


def _matches(wish: str, version: str) -> bool:
    """`3.x` is any 3; see "specific major and latest minor version" in AWS's runtime-versions."""
    major = version.split(".")[0]
    return wish in (version, f"{version}.x", f"{major}.x")


def _artifacts(reader: Reader, value: object) -> tuple[Artifacts | None, dict[str, Artifacts]]:
    if value is None:
        return None, {}
    known = ("secondary-artifacts",)
    given = reader.mapping("artifacts", value, known=(*Artifacts.KEYS, *known))
    several = reader.mapping("artifacts.secondary-artifacts", given.get("secondary-artifacts", {}))
    secondary = {
        name: _artifact(
            reader,
            f"artifacts.secondary-artifacts.{name}",
            reader.mapping(f"artifacts.secondary-artifacts.{name}", each, known=Artifacts.KEYS),
        )
        for name, each in several.items()
    }
    if "files" not in given and secondary:
        return None, secondary
    return _artifact(reader, "artifacts", given), secondary


def _artifact(reader: Reader, place: str, given: Mapping[str, object]) -> Artifacts:
    files = reader.texts(f"{place}.files", given.get("files", []))
    if not files:
        reader.fault(f"{place}.files", "is missing or empty")
    return Artifacts(
        files=files,
        base_directory=reader.text(f"{place}.base-directory", given.get("base-directory", ".")),
        discard_paths=reader.yes_or_no(f"{place}.discard-paths", given.get("discard-paths", "no")),
        exclude_paths=reader.texts(f"{place}.exclude-paths", given.get("exclude-paths", [])),
    )
