"""`settings.toml` as one frozen, validated model."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from mlops_stacks.names import Names
from mlops_stacks.release_time import MOST_MINUTES, release_minutes
from mlops_stacks.settings_endpoint import EndpointSettings
from mlops_stacks.settings_fields import FROZEN, Section, TagKey, TagValue
from mlops_stacks.settings_gate import GateSettings
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

SETTINGS_FILE = Path(__file__).resolve().parent.parent / "settings.toml"


class SettingsError(ValueError):
    """A settings file that cannot be used; the message is one line for each wrong field."""


class Settings(Section):
    """The whole file."""

    model: ModelSettings
    notifications: NotificationSettings
    source: SourceSettings
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

    @property
    def names(self) -> Names:
        """The explicit names of what is deployed."""
        return Names(model=self.model.name)

    @property
    def release_minutes(self) -> int:
        """How long a release may take as a whole."""
        return release_minutes(
            training=self.training, approval=self.approval, endpoint=self.endpoint
        )

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
