"""A buildspec is checked as a whole, and every fault names its place."""

from __future__ import annotations

import pytest

from local.codebuild.buildspec import parse
from local.codebuild.errors import PhaseError

FULL = """
version: 0.2
env:
  shell: bash
  variables:
    COUNT: 3
    SWITCH: on
  exported-variables: [IMAGE_URI]
phases:
  install:
    on-failure: CONTINUE
    runtime-versions:
      python: 3.10
      nodejs: 22.x
    commands: make setup
  build:
    commands:
      - make check
      - |
        one
        two
    finally:
      - make clean
artifacts:
  base-directory: cdk.out
  files: ["**/*"]
  discard-paths: yes
  exclude-paths: ["*.log"]
  secondary-artifacts:
    Report:
      files: report.html
cache:
  paths: [".cache/**/*"]
"""


def test_a_buildspec_is_read_as_it_is_written() -> None:
    spec = parse(FULL)

    assert spec.shell == "bash"
    assert spec.variables == {"COUNT": "3", "SWITCH": "on"}
    assert spec.exported == ["IMAGE_URI"]
    assert spec.runtimes == {"python": "3.10", "nodejs": "22.x"}
    assert spec.phases["install"].commands == ["make setup"]
    assert spec.phases["install"].continues
    assert spec.phases["build"].commands == ["make check", "one\ntwo\n"]
    assert spec.phases["build"].finally_commands == ["make clean"]
    assert not spec.phases["build"].continues
    assert spec.artifacts is not None
    assert spec.artifacts.base_directory == "cdk.out"
    assert spec.artifacts.discard_paths
    assert spec.secondary["Report"].files == ["report.html"]
    assert spec.ignored == ["`cache` has no effect here."]


def test_a_buildspec_may_have_secondary_artifacts_only() -> None:
    spec = parse(
        "version: 0.2\nphases: {build: {commands: [a]}}\n"
        "artifacts: {secondary-artifacts: {A: {files: x}, B: {files: y}}}"
    )

    assert spec.artifacts is None
    assert set(spec.secondary) == {"A", "B"}


@pytest.mark.parametrize(
    ("text", "place", "what"),
    [
        ("phases: {build: {commands: [a]}}", "version", "is missing"),
        ("version: 0.1\nphases: {build: {commands: [a]}}", "version", "'0.1'"),
        ("version: 0.2", "phases", "is missing"),
        ("version: 0.2\nphases: {}", "phases", "has none of"),
        ("version: 0.2\nphases: {biuld: {commands: [a]}}", "phases.biuld", "is unknown"),
        ("version: 0.2\nphases: {build: {command: [a]}}", "phases.build.command", "is unknown"),
        ("version: 0.2\nphases: {build: {finally: [a]}}", "phases.build", "has no commands"),
        ("version: 0.2\nphases: {build: {commands: [a: b]}}", "phases.build.commands[1]", "quotes"),
        ("version: 0.2\nphases: {build: {commands: ['']}}", "phases.build.commands[1]", "is empty"),
        ("version: 0.2\nphases: {build: {commands: }}", "phases.build.commands", "is empty"),
        ("version: 0.2\nstages: {}\nphases: {build: {commands: [a]}}", "stages", "is unknown"),
        (
            "version: 0.2\nphases: {build: {on-failure: RETRY, commands: [a]}}",
            "phases.build.on-failure",
            "'RETRY'",
        ),
        (
            "version: 0.2\nphases: {build: {runtime-versions: {python: 3.13}, commands: [a]}}",
            "phases.build.runtime-versions",
            "is unknown",
        ),
        (
            "version: 0.2\nphases: {install: {runtime-versions: {python: 3.8}}}",
            "phases.install.runtime-versions.python",
            "no version '3.8'",
        ),
        (
            "version: 0.2\nphases: {install: {runtime-versions: {ruby: 3.3}}}",
            "phases.install.runtime-versions.ruby",
            "python and nodejs only",
        ),
        (
            "version: 0.2\nenv: {secrets-manager: {A: b}}\nphases: {build: {commands: [a]}}",
            "env.secrets-manager",
            "does not do that",
        ),
        (
            "version: 0.2\nenv: {shell: zsh}\nphases: {build: {commands: [a]}}",
            "env.shell",
            "'zsh'",
        ),
        (
            "version: 0.2\nenv: {variables: {CODEBUILD_X: y}}\nphases: {build: {commands: [a]}}",
            "env: CODEBUILD_X",
            "CodeBuild's own",
        ),
        (
            "version: 0.2\nphases: {build: {commands: [a]}}\nartifacts: {base-directory: x}",
            "artifacts.files",
            "is missing",
        ),
        (
            "version: 0.2\nphases: {build: {commands: [a]}}\n"
            "artifacts: {files: x, discard-paths: maybe}",
            "artifacts.discard-paths",
            "'maybe'",
        ),
    ],
)
def test_a_fault_names_its_place(text: str, place: str, what: str) -> None:
    with pytest.raises(PhaseError) as caught:
        parse(text)

    assert caught.value.code == "YAML_FILE_ERROR"
    assert f"(1) {place}: " in caught.value.message
    assert what in caught.value.message


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(PhaseError) as caught:
        parse("version: 0.3\nphases: {build: {commands: ['']}}\nenv: {run: x}")

    assert "3 faults: (1)" in caught.value.message


@pytest.mark.parametrize("text", ["a: [", "version: 0.2\nversion: 0.2", "? [a]\n: b"])
def test_what_is_no_sound_yaml_is_told(text: str) -> None:
    with pytest.raises(PhaseError, match="the buildspec is no YAML"):
        parse(text)
