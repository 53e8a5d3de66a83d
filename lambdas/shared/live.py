"""What is known of the model that serves while another one is evaluated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self, cast, get_args

from shared import fields

Kind = Literal["none", "sameData", "otherData", "unknown"]


@dataclass(frozen=True)
class FoundLive:
    """The live model, as the workflow hands it from one step to the next.

    kind: nothing serves yet; the model's report is about the same held-out data, or about other;
    or something serves that cannot be compared, and problem says why, for a person. model_name is
    SageMaker's name of the model. What is not known is "".
    """

    kind: Kind
    problem: str = ""
    model_name: str = ""
    commit_id: str = ""
    model_package_arn: str = ""
    report_key: str = ""
    task: str = ""

    def to_json(self) -> dict[str, str]:
        """The finding as a JSON object."""
        return {
            "kind": self.kind,
            "problem": self.problem,
            "modelName": self.model_name,
            "commitId": self.commit_id,
            "modelPackageArn": self.model_package_arn,
            "reportKey": self.report_key,
            "task": self.task,
        }

    @classmethod
    def from_json(cls, event: Mapping[str, Any]) -> Self:
        """Read what to_json wrote.

        Raises:
            InvalidEventError: a field is missing or wrong; the message names it.
        """
        kind = fields.text(event, "kind")
        if kind not in get_args(Kind):
            raise fields.InvalidEventError(
                f"Field 'kind' must be one of {', '.join(get_args(Kind))}."
            )
        return cls(
            kind=cast(Kind, kind),
            problem=fields.optional_text(event, "problem"),
            model_name=fields.optional_text(event, "modelName"),
            commit_id=fields.optional_text(event, "commitId"),
            model_package_arn=fields.optional_text(event, "modelPackageArn"),
            report_key=fields.optional_text(event, "reportKey"),
            task=fields.optional_text(event, "task"),
        )
