"""`settings.toml` as one frozen, validated model."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field, PrivateAttr, ValidationError, model_validator

from mlops_stacks.names import SINGLE_ENVIRONMENT, Names
from mlops_stacks.release_time import MOST_MINUTES, release_minutes
from mlops_stacks.settings_endpoint import EndpointSettings
from mlops_stacks.settings_environments import (
    EnvironmentSettings,
    PipelineSettings,
    Place,
    places,
)
from mlops_stacks.settings_faults import SettingsError, faults_of
from mlops_stacks.settings_fields import (
    FROZEN,
    MOST_CHARACTERS,
    ROOT,
    Section,
    TagKey,
    TagValue,
)
from mlops_stacks.settings_gate import GateSettings
from mlops_stacks.settings_image import ImageSettings
from mlops_stacks.settings_retraining import RetrainingSettings
from mlops_stacks.settings_sections import (
    ApprovalSettings,
    InferenceSettings,
    ModelSettings,
    NotificationSettings,
    RetentionSettings,
    SourceSettings,
    TrainingSettings,
    TransformSettings,
)

SETTINGS_FILE = ROOT / "settings.toml"
"""What holds where SETTINGS names no other file."""
SETTINGS_VARIABLE = "SETTINGS"


def settings_file() -> Path:
    """The file that the environment variable SETTINGS names, by its path in the repository."""
    return ROOT / (os.environ.get(SETTINGS_VARIABLE) or SETTINGS_FILE)


def path_in_repository(file: Path) -> str | None:
    """How SETTINGS names a file; None if it is settings.toml or lies elsewhere."""
    file = file.resolve()
    if file == SETTINGS_FILE or not file.is_relative_to(ROOT):
        return None
    return file.relative_to(ROOT).as_posix()


class Settings(Section):
    """The whole file, or, by `for_environment`, what holds in one of its environments.

    Attributes:
        pipeline: where the pipeline lives; needed with environments only.
        environments: in their order; none means the one environment "production".
    """

    _place: Place | None = PrivateAttr(default=None)

    model: ModelSettings
    notifications: NotificationSettings
    source: SourceSettings
    image: ImageSettings = ImageSettings()
    training: TrainingSettings
    transform: TransformSettings
    gate: GateSettings = Field(default_factory=GateSettings)
    approval: ApprovalSettings = ApprovalSettings()
    endpoint: EndpointSettings
    inference: InferenceSettings = InferenceSettings()
    retraining: RetrainingSettings = RetrainingSettings()
    retention: RetentionSettings = RetentionSettings()
    tags: Annotated[Mapping[TagKey, TagValue], *FROZEN] = Field(
        default={}, validate_default=True, max_length=40
    )
    pipeline: PipelineSettings | None = None
    environments: Annotated[
        tuple[EnvironmentSettings, ...], Field(strict=False, max_length=10)
    ] = ()

    @property
    def place(self) -> Place | None:
        """Where this environment is, if there are several; None if there is but one."""
        return self._place

    @property
    def names(self) -> Names:
        """The explicit names of what is deployed."""
        return self._place.names if self._place else Names(family=self.model.name)

    @property
    def trains(self) -> bool:
        """Whether models are trained here; else those of the first environment are taken."""
        return self._place is None or self._place.first is None

    @property
    def training_metrics(self) -> tuple[str, ...]:
        """The metrics that training is to print, by the names that the model's `score` gives."""
        if self.training.metrics is not None:
            return self.training.metrics
        return ("accuracy",) if self.model.task == "classification" else ("rmse", "mae", "r2")

    @property
    def deployed(self) -> tuple[Settings, ...]:
        """The settings of each environment, in their order."""
        if not self.environments:
            return (self,)
        return tuple(self.for_environment(one.name) for one in self.environments)

    def for_environment(self, name: str) -> Settings:
        """What holds in one environment: the common settings, and its own laid over them.

        Without environments, "" and "production" name the only one.

        Raises:
            SettingsError: there is no environment of this name, or its settings are wrong.
        """
        if not self.environments and name in ("", SINGLE_ENVIRONMENT):
            return self
        known = [one.name for one in self.environments] or [SINGLE_ENVIRONMENT]
        if name not in known or self.pipeline is None:
            raise SettingsError(
                f"ENVIRONMENT = {name!r}: one of {', '.join(known)} is allowed, the environments "
                "of the settings file"
            )
        number = known.index(name)
        document = self.model_dump(exclude={"pipeline", "environments"})
        if number > 0:
            del document["retraining"]  # Only the first one trains.
        try:
            settings = Settings.model_validate(self.environments[number].over(document))
        except ValidationError as error:
            lines = [f"environments.{name}: {fault}" for fault in faults_of(error)]
            raise SettingsError("\n".join(lines)) from None
        settings._place = places(self.model.name, self.pipeline, self.environments)[number]
        return settings

    @property
    def release_minutes(self) -> int:
        """How long a release may take as a whole."""
        return release_minutes(
            training=self.training, approval=self.approval, endpoint=self.endpoint
        )

    @model_validator(mode="after")
    def _environments_hold(self) -> Settings:
        if not self.environments:
            if self.pipeline is not None:
                raise ValueError("pipeline: only with [[environments]] is it allowed")
            return self
        if self.pipeline is None:
            raise ValueError("pipeline is missing: [[environments]] need its account and region")
        names = [one.name for one in self.environments]
        if len(set(names)) < len(names):
            raise ValueError(f"environments = {names}: each name only once is allowed")
        for name in names:
            if len(self.model.name) + len(name) >= MOST_CHARACTERS:
                raise ValueError(
                    f"environments.{name}: model.name, the environment's name and a hyphen "
                    f"between them have at most {MOST_CHARACTERS} characters"
                )
        wrong = []
        for name in names:
            try:
                self.for_environment(name)
            except SettingsError as error:
                wrong.append(str(error))
        if wrong:
            raise ValueError("\n".join(wrong))
        return self

    @model_validator(mode="after")
    def _ends_while_the_pipeline_waits(self) -> Settings:
        over = self.release_minutes - MOST_MINUTES
        if over > 0:
            wait = "wait" if self.training.spot else "runtime"
            raise ValueError(
                f"training.max_{wait}_minutes ({self.training.longest_minutes / 60:g} hours), "
                f"approval.timeout_hours ({self.approval.timeout_hours}) and the waits of "
                f"endpoint.rollout take {over / 60:.3g} hours too long together: CodePipeline "
                "waits 7 days"
            )
        return self

    @model_validator(mode="after")
    def _gate_fits_the_task(self) -> Settings:
        if fault := self.gate.fault(self.model.task):
            raise ValueError(fault)
        return self

    @model_validator(mode="after")
    def _can_be_approved(self) -> Settings:
        if self.environments:
            return self  # Each environment is asked by itself.
        required, approvers = self.approval.approvals_required, len(self.notifications.approvers)
        if required and not approvers:
            raise ValueError(
                "notifications.approvers = []: at least 1 is allowed, unless "
                "approval.approvals_required = 0"
            )
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


def load_settings(path: Path | None = None) -> Settings:
    """Read and validate a settings file; without one, that of `settings_file`.

    Raises:
        SettingsError: the file is missing, is not TOML, or a field is wrong; one line a fault.
    """
    path = path or settings_file()
    name = path_in_repository(path) or path.name
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(
            f"{name}: no such file; copy it back from the repository, or correct what "
            f"SETTINGS names: {path}"
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{name}: not valid TOML: {error}") from None
    try:
        return Settings.model_validate(document)
    except ValidationError as error:
        lines = [f"{name}: {fault}" for fault in faults_of(error)]
        raise SettingsError("\n".join(lines)) from None
