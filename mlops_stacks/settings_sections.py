"""The sections of settings.toml but `[endpoint]` and `[gate]`, which have files of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from mlops_stacks.settings_fields import (
    DISTINCT,
    FROZEN,
    Email,
    Hyperparameter,
    LogDays,
    ModelFolder,
    ModelName,
    Section,
    TrainingMetric,
    instance_type,
    matching,
)
from mlops_stacks.settings_gate import Task

_MOST_APPROVERS = 10  # Their addresses must fit into 4 KB of environment variables.


class ModelSettings(Section):
    """What is trained; hyperparameters reach the container as strings, as SageMaker sends them.

    Attributes:
        folder: of the repository, with model.py; its files lie over those of container/.
    """

    name: ModelName
    folder: ModelFolder = "container"
    task: Task = "classification"
    hyperparameters: Annotated[Mapping[str, Hyperparameter], *FROZEN] = Field(
        default={}, validate_default=True
    )

    @property
    def hyperparameters_as_text(self) -> dict[str, str]:
        """As SageMaker sends them: true and false in small letters, numbers as they read."""
        return {
            name: str(value).lower() if isinstance(value, bool) else str(value)
            for name, value in self.hyperparameters.items()
        }


class NotificationSettings(Section):
    """Who is mailed: approvers get the approval link and outcomes, operations the outcomes."""

    approvers: Annotated[
        tuple[Email, ...], Field(max_length=_MOST_APPROVERS, strict=False), DISTINCT
    ]
    operations: Annotated[tuple[Email, ...], Field(strict=False), DISTINCT] = ()


class SourceSettings(Section):
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


class TrainingSettings(Section):
    """The training job's machine and its time limits in minutes.

    Attributes:
        spot: spare capacity, which costs less and may be taken away; the job goes on later.
        max_wait_minutes: with spot, the whole time, waiting for capacity included.
        skip_unchanged: what was trained from the same image, data, hyperparameters and instance
            type is not trained again.
        metrics: what the model's `score` returns and SageMaker is to record; None: what models of
            the task return.
    """

    instance_type: Annotated[str, instance_type("training")]
    volume_gib: Annotated[int, Field(ge=1, le=16384)] = 10
    max_runtime_minutes: Annotated[int, Field(ge=1, le=5 * 24 * 60)] = 60
    spot: bool = False
    max_wait_minutes: Annotated[int, Field(ge=1, le=5 * 24 * 60)] | None = None
    skip_unchanged: bool = True
    # SageMaker takes 40 definitions, the number of rows is one:
    # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AlgorithmSpecification.html
    metrics: (
        Annotated[tuple[TrainingMetric, ...], Field(max_length=39, strict=False), DISTINCT] | None
    ) = None

    @property
    def longest_minutes(self) -> int:
        """How long the job may take once SageMaker has it."""
        return self.max_wait_minutes or self.max_runtime_minutes

    @model_validator(mode="after")
    def _waits_long_enough(self) -> TrainingSettings:
        # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StoppingCondition.html
        if not self.spot:
            if self.max_wait_minutes is not None:
                raise ValueError("max_wait_minutes: only spot = true waits for capacity")
            return self
        if self.max_wait_minutes is None:
            raise ValueError("spot = true needs max_wait_minutes, max_runtime_minutes or more")
        if self.max_wait_minutes < self.max_runtime_minutes:
            raise ValueError(
                f"max_wait_minutes = {self.max_wait_minutes}: max_runtime_minutes "
                f"({self.max_runtime_minutes}) or more is allowed, as it includes the run"
            )
        return self


class TransformSettings(Section):
    """The batch transform job's machines."""

    instance_type: Annotated[str, instance_type("transform")]
    instance_count: Annotated[int, Field(ge=1, le=100)] = 1


class ApprovalSettings(Section):
    """Who must agree, and how long a release waits (CodePipeline's action ends after 7 days).

    Attributes:
        approvals_required: of different approvers; 0 asks nobody: the gate alone decides.
    """

    timeout_hours: Annotated[int, Field(ge=1, le=7 * 24)] = 72
    approvals_required: Annotated[int, Field(ge=0)] = 1
    committer_may_approve: bool = True


class InferenceSettings(Section):
    """Who may call the inference route, and how often."""

    access: Literal["iam", "open", "off"] = "iam"
    burst_limit: Annotated[int, Field(ge=1, le=5000)] = 50
    rate_limit: Annotated[int, Field(ge=1, le=10000)] = 100


class RetentionSettings(Section):
    """What outlives the stacks, and for how long records are kept.

    Attributes:
        keep_versions: so many approved versions keep their endpoint configuration and model.
    """

    keep_data_on_delete: bool = True
    # The live image and those that wait for approval must be among them.
    keep_images: Annotated[int, Field(ge=10, le=1000)] = 50
    keep_versions: Annotated[int, Field(ge=1, le=100)] = 3
    log_days: LogDays = 90

    @model_validator(mode="after")
    def _kept_versions_have_images(self) -> RetentionSettings:
        if self.keep_versions > self.keep_images:
            raise ValueError(
                f"keep_versions = {self.keep_versions}: at most keep_images ({self.keep_images}) "
                "is allowed, as a version needs its image"
            )
        return self
