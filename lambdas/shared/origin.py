"""Which version's training made a model that was not trained again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared import fields


@dataclass(frozen=True, kw_only=True)
class Origin:
    """A registered version whose training another release makes use of.

    Attributes:
        number: the version's number in its group.
        commit_id: the commit that was trained.
        model_package_arn: the version's ARN.
        group: the registry of another environment that has the version; "" for the own one.
    """

    number: int
    commit_id: str
    model_package_arn: str
    group: str = ""

    @property
    def sentence(self) -> str:
        """For a person: not trained again: the model of version 6 (commit 0f9e8d7c)."""
        version = (
            f"version {self.number} of {self.group}" if self.group else f"version {self.number}"
        )
        return f"not trained again: the model of {version} (commit {self.commit_id})"

    def to_json(self) -> dict[str, Any]:
        """The version as a JSON object."""
        return {
            "number": self.number,
            "commitId": self.commit_id,
            "modelPackageArn": self.model_package_arn,
            **({"group": self.group} if self.group else {}),
        }


NO_ORIGIN: Mapping[str, Any] = {"number": 0, "commitId": "", "modelPackageArn": ""}
"""What the workflow hands on of a model that its own release has trained."""


def origin_from_json(event: Mapping[str, Any]) -> Origin | None:
    """The field `trainedBefore`; None if it is not there, or names no version.

    Raises:
        InvalidEventError: the field is there and wrong.
    """
    if event.get("trainedBefore") is None:
        return None
    told = fields.mapping(event, "trainedBefore")
    number = fields.whole_number(told, "number")
    if number <= 0:
        return None
    return Origin(
        number=number,
        commit_id=fields.text(told, "commitId"),
        model_package_arn=fields.text(told, "modelPackageArn"),
        group=fields.optional_text(told, "group"),
    )
