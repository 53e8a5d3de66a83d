"""What a build is started with, and how it ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class ObjectLocation:
    """An object in S3."""

    bucket: str
    key: str


@dataclass(frozen=True, kw_only=True)
class Variable:
    """An environment variable of a build; kind is one of CodeBuild's types."""

    name: str
    value: str
    kind: str = "PLAINTEXT"


@dataclass(frozen=True, kw_only=True)
class BuildRequest:
    """What one build is started with.

    Attributes:
        project: its name or ARN.
        caller_role: ARN of the role that is asked for codebuild:StartBuild; None is the root.
        primary: the input artifact that becomes CODEBUILD_SRC_DIR; None if there is one or none.
        inputs: artifact name -> its zip; all but the primary lie at CODEBUILD_SRC_DIR_<name>.
        outputs: artifact name -> where its zip goes. A single one is the buildspec's `artifacts`,
            several are those of its `secondary-artifacts`.
        variables: win over those of the project.
        encryption_key: the key of the artifacts in place of the project's own.
        initiator: such as "codepipeline/<pipeline>".
        source_version: the resolved commit, or the ARN of the source artifact.
        log: the file that gets the build's log as it comes; None is one in the cloud's folder.
    """

    project: str
    caller_role: str | None = None
    primary: str | None = None
    inputs: Mapping[str, ObjectLocation] = field(default_factory=dict)
    outputs: Mapping[str, ObjectLocation] = field(default_factory=dict)
    variables: Sequence[Variable] = ()
    encryption_key: str | None = None
    initiator: str = ""
    source_version: str = ""
    log: Path | None = None


@dataclass(frozen=True, kw_only=True)
class BuildResult:
    """How a build ended.

    Attributes:
        failure: the failed phase, its command, exit status and last lines; "" if it succeeded.
        exported: the variables of the buildspec's `env.exported-variables`.
    """

    build_id: str
    succeeded: bool
    stopped: bool
    failure: str
    exported: Mapping[str, str]
