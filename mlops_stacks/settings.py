"""`settings.toml` as one frozen, validated model."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails

from mlops_stacks.names import Names
from mlops_stacks.settings_fields import (
    DISTINCT,
    FROZEN,
    Email,
    Hyperparameter,
    LogDays,
    ModelName,
    TagKey,
    TagValue,
    instance_type,
    matching,
)

SETTINGS_FILE = Path(__file__).resolve().parent.parent / "settings.toml"

# CodePipeline's Step Functions action ends after 7 days; the wait for a machine, predictions,
# evaluation and deployment, with their retries, take less than 20 hours of them.
_MOST_HOURS = 7 * 24 - 20
_MOST_APPROVERS = 10  # Their addresses must fit into 4 KB of environment variables.


class SettingsError(ValueError):
    """A settings file that cannot be used; the message is one line for each wrong field."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class ModelSettings(_Section):
    """What is trained; hyperparameters reach the container as strings, as SageMaker sends them."""

    name: ModelName
    hyperparameters: Annotated[Mapping[str, Hyperparameter], *FROZEN] = Field(
        default={}, validate_default=True
    )


class NotificationSettings(_Section):
    """Who is mailed: approvers get the approval link and outcomes, operations the outcomes."""

    approvers: Annotated[
        tuple[Email, ...], Field(min_length=1, max_length=_MOST_APPROVERS, strict=False), DISTINCT
    ]
    operations: Annotated[tuple[Email, ...], Field(strict=False), DISTINCT] = ()


class SourceSettings(_Section):
    """The model repository that the pipeline watches."""

    kind: Literal["connection", "codecommit"]
    repository: Annotated[
        str,
        matching(
            r"[\w.-]+(/[\w.-]+){0,22}",
            '"owner/name", "group/subgroup/name", or the name of a CodeCommit repository,',
        ),
    ]
    branch: Annotated[str, matching(r"[\w./-]+", "a branch name such as main")] = "main"
    connection_arn: (
        Annotated[
            str,
            matching(
                r"arn:aws[a-z-]*:(codeconnections|codestar-connections):[a-z0-9-]+:\d{12}"
                r":connection/[\w-]+",
                "the ARN of a CodeConnections connection",
            ),
        ]
        | None
    ) = None
    # https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_GitFilePathFilterCriteria.html
    exclude_paths: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=255)], ...],
        Field(max_length=8, strict=False),
    ] = ()

    @model_validator(mode="after")
    def _consistent(self) -> SourceSettings:
        if self.kind == "connection" and self.connection_arn is None:
            raise ValueError('kind "connection" needs connection_arn')
        if self.kind == "connection" and "/" not in self.repository:
            raise ValueError('kind "connection" needs repository as "owner/name"')
        if self.kind == "codecommit" and "/" in self.repository:
            raise ValueError('kind "codecommit" needs repository as a bare name')
        return self


class TrainingSettings(_Section):
    """The training job's machine and its time limit in minutes."""

    instance_type: Annotated[str, instance_type("training")]
    volume_gib: Annotated[int, Field(ge=1, le=16384)] = 10
    max_runtime_minutes: Annotated[int, Field(ge=1, le=5 * 24 * 60)] = 60


class TransformSettings(_Section):
    """The batch transform job's machines."""

    instance_type: Annotated[str, instance_type("transform")]
    instance_count: Annotated[int, Field(ge=1, le=100)] = 1


class ApprovalSettings(_Section):
    """Who must agree, and how long a release waits (CodePipeline's action ends after 7 days)."""

    timeout_hours: Annotated[int, Field(ge=1, le=_MOST_HOURS)] = 72
    approvals_required: Annotated[int, Field(ge=1)] = 1
    committer_may_approve: bool = True


class EndpointSettings(_Section):
    """The endpoint's machines."""

    instance_type: Annotated[str, instance_type("endpoint")]
    instance_count: Annotated[int, Field(ge=1, le=100)] = 1


class InferenceSettings(_Section):
    """Who may call the inference route, and how often."""

    access: Literal["iam", "open", "off"] = "iam"
    burst_limit: Annotated[int, Field(ge=1, le=5000)] = 50
    rate_limit: Annotated[int, Field(ge=1, le=10000)] = 100


class RetentionSettings(_Section):
    """What outlives the stacks, and for how long records are kept."""

    keep_data_on_delete: bool = True
    # The live image and those that wait for approval must be among them.
    keep_images: Annotated[int, Field(ge=10, le=1000)] = 50
    log_days: LogDays = 90


class Settings(_Section):
    """The whole file."""

    model: ModelSettings
    notifications: NotificationSettings
    source: SourceSettings
    training: TrainingSettings
    transform: TransformSettings
    approval: ApprovalSettings = ApprovalSettings()
    endpoint: EndpointSettings
    inference: InferenceSettings = InferenceSettings()
    retention: RetentionSettings = RetentionSettings()
    tags: Annotated[Mapping[TagKey, TagValue], *FROZEN] = Field(
        default={}, validate_default=True, max_length=40
    )

    @property
    def names(self) -> Names:
        """The explicit names of what is deployed."""
        return Names(model=self.model.name)

    @model_validator(mode="after")
    def _ends_while_the_pipeline_waits(self) -> Settings:
        training = self.training.max_runtime_minutes / 60
        waiting = self.approval.timeout_hours
        if training + waiting > _MOST_HOURS:
            raise ValueError(
                f"training.max_runtime_minutes ({training:g} hours) and approval.timeout_hours "
                f"({waiting}) may take {_MOST_HOURS} hours together: CodePipeline waits 7 days"
            )
        return self

    @model_validator(mode="after")
    def _can_be_approved(self) -> Settings:
        required, approvers = self.approval.approvals_required, len(self.notifications.approvers)
        if required > approvers:
            raise ValueError(
                f"approval.approvals_required = {required}: at most {approvers} is allowed, the "
                "number of notifications.approvers"
            )
        if not self.approval.committer_may_approve and self.source.kind != "connection":
            raise ValueError(
                "approval.committer_may_approve = false: only true is allowed with "
                f'source.kind = "{self.source.kind}", which does not tell who has committed'
            )
        return self


def load_settings(path: Path = SETTINGS_FILE) -> Settings:
    """Read and validate a settings file.

    Raises:
        SettingsError: the file is missing, is not TOML, or a field is wrong; one line a fault.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(
            f"{path.name}: no such file; copy it back from the repository"
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path.name}: not valid TOML: {error}") from None
    try:
        return Settings.model_validate(document)
    except ValidationError as error:
        faults = error.errors()
        # A list with a wrong item is also reported as too short: name the item only.
        inner = {details["loc"][:-1] for details in faults if details["loc"]}
        lines = [f"{path.name}: {_fault(d)}" for d in faults if d["loc"] not in inner]
        raise SettingsError("\n".join(lines)) from None


def _fault(details: ErrorDetails) -> str:
    field = ".".join(str(part) for part in details["loc"] if part != "[key]")
    kind = details["type"]
    if kind == "missing":
        return f"{field} is missing"
    if kind == "extra_forbidden":
        return f"{field} is not a setting; remove it or correct its name"
    value, allowed = details["input"], details["msg"]
    if kind == "value_error":
        allowed = str(details["ctx"]["error"])
    if kind == "tuple_type":
        allowed = 'a list in square brackets, such as ["one", "two"], is allowed'
    if isinstance(value, dict) or "[key]" in details["loc"]:
        return f"{field}: {allowed}" if field else allowed
    return f"{field} = {value!r}: {allowed}"
