"""What every kind of action is: its limits, its checks at deployment, its work."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from boto3.session import Session
from botocore.exceptions import BotoCoreError, ClientError

from local.codebuild.builds import Builds, ObjectLocation
from local.pipeline.artifacts import ArtifactError, Artifacts
from local.pipeline.definition import Action, Definition
from local.pipeline.surroundings import Surroundings


class ActionFailedError(Exception):
    """An action that fails.

    Attributes:
        code: what CodePipeline calls the kind of failure, such as JobFailed, ConfigurationError
            or PermissionError:
            https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_FailureDetails.html
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, kw_only=True)
class Revision:
    """What a source action has found."""

    id: str
    summary: str
    created: float


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What an action that succeeded has put out, beside its artifacts."""

    variables: Mapping[str, str] = field(default_factory=dict)
    summary: str = ""
    revision: Revision | None = None


@dataclass(frozen=True, kw_only=True)
class Work:
    """One run of an action.

    Attributes:
        id: of this run of the action.
        configuration: with every variable replaced.
        inputs, outputs: where the artifacts lie or shall lie, by name.
        branch, commit: what a source action shall take; None is its own branch, the newest commit.
        source_version: the revision that the execution was started for, as far as it is known.
        log: its log file; `say` adds a line.
        cancelled: whether nobody waits for it any more, so that it should stop.
        began: is told the id of what runs elsewhere, such as a build's.
    """

    id: str
    execution_id: str
    pipeline_arn: str
    definition: Definition
    action: Action
    configuration: Mapping[str, str]
    inputs: Mapping[str, ObjectLocation]
    outputs: Mapping[str, ObjectLocation]
    branch: str | None
    commit: str | None
    source_version: str
    log: Path
    cancelled: Callable[[], bool]
    began: Callable[[str], None]
    surroundings: Surroundings
    builds: Builds

    @property
    def role_arn(self) -> str:
        """The role that the action works by: its own, else the pipeline's."""
        return self.action.role_arn or self.definition.role_arn

    def session(self) -> Session:
        """A session of the action's role, taken by the pipeline's role if it is another one.

        Raises:
            ActionFailedError: it may not be taken.
        """
        own = self.surroundings.session(self.definition.role_arn)
        if self.action.role_arn is None or self.action.role_arn == self.definition.role_arn:
            return own
        try:
            return self.surroundings.assume(
                own, self.action.role_arn, f"pipeline-{self.execution_id}"
            )
        except (ClientError, BotoCoreError) as error:
            raise ActionFailedError(
                "PermissionError",
                f"The pipeline's role {self.definition.role_arn} cannot take the action's role "
                f"{self.action.role_arn}: {error}",
            ) from error

    def artifacts(self, session: Session) -> Artifacts:
        """The artifact store as the action's role sees it."""
        return Artifacts(self.definition.store, session=session, role_arn=self.role_arn)

    def read(self, session: Session, *, artifact: str, path: str) -> bytes:
        """A file of an input artifact. Raises ActionFailedError."""
        try:
            return self.artifacts(session).read(artifact, self.inputs[artifact], path)
        except ArtifactError as error:
            raise ActionFailedError("ConfigurationError", str(error)) from error

    def require(
        self, action: str, resource_arn: str, *, context: Mapping[str, str] | None = None
    ) -> None:
        """Ask IAM whether the action's role may. Raises ActionFailedError."""
        refused = self.surroundings.refusal(self.role_arn, action, resource_arn, context=context)
        if refused:
            raise ActionFailedError("PermissionError", refused)

    def say(self, text: str) -> None:
        """Add a line to the action's log."""
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"{text}\n")


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of action.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/reference-pipeline-structure.html

    Attributes:
        inputs, outputs: how many artifacts it takes and makes, at least and at most.
        required, optional: the names in its configuration.
        faults: what is wrong with a definition's action, as sentences without a full stop.
        run: does the work; raises ActionFailedError.
    """

    categories: tuple[str, ...]
    provider: str
    inputs: tuple[int, int]
    outputs: tuple[int, int]
    required: frozenset[str]
    optional: frozenset[str]
    faults: Callable[[Action], Iterator[str]]
    run: Callable[[Work], Outcome]


def file_of(text: str) -> tuple[str, str] | None:
    """Artifact and path of a text `Artifact::path`; None if it is none."""
    artifact, separator, path = text.partition("::")
    return (artifact, path) if separator and artifact and path else None


def file_faults(action: Action, member: str) -> Iterator[str]:
    """What is wrong with a configuration's `Artifact::path`."""
    value = action.configuration.get(member)
    if value is None:
        return
    named = file_of(value)
    if named is None:
        yield f"{member} is {value!r}, not of the form Artifact::path/of/a/file"
    elif named[0] not in action.inputs:
        inputs = ", ".join(action.inputs) or "none"
        yield (
            f"{member} names a file of the artifact {named[0]}, which is not among its input "
            f"artifacts ({inputs})"
        )
