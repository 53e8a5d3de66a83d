"""Versions in the model registry: what a model package of ours says of the release that made it.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry-version.html
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

from shared.evidence import Evidence
from shared.origin import Origin
from shared.serving import version_number

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import DescribeModelPackageOutputTypeDef

Status = Literal["PendingManualApproval", "Approved", "Rejected"]

# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModelPackage.html
_MAX_PROPERTIES = 50
_MAX_KEY_CHARACTERS = 128
_MAX_VALUE_CHARACTERS = 256
# The workflow adds decidedBy and decidedAt with the decision, and servedAt once the version has
# passed its test on the endpoint; one more may follow.
_KEPT_FREE = 4
_ALLOWED_CATEGORIES = "LZN"
_ALLOWED_CHARACTERS = "_.:/=+-@"


@dataclass(frozen=True, kw_only=True)
class Release:
    """The release that registers a version.

    Attributes:
        image_uri: the image as the release was given it.
        model_data: the S3 address of what the training made.
        evidence: all that is known of the model.
        fingerprint: what its training depended on; "" if that is not sure.
    """

    commit_id: str
    image_uri: str
    execution_arn: str
    approval_id: str
    job_name: str
    model_data: str
    evidence: Evidence
    fingerprint: str = ""

    def properties(self) -> dict[str, str]:
        """CustomerMetadataProperties: where the version comes from and how good it is.

        Values are cut to what SageMaker takes; what is empty or undefined is left out. The training
        job has the hyperparameters that find no room.
        """
        evidence = self.evidence
        evaluation, data = evidence.evaluation, evidence.data
        facts = {
            "commit": self.commit_id,
            "image": self.image_uri,
            "imageDigest": evidence.image_digest,
            "execution": self.execution_arn,
            "approval": self.approval_id,
            "dataVersion": data.version,
            "testVersion": data.test_version,
            "manifest": data.manifest_key,
            "report": evaluation.report_key,
            "trainVersion": data.train_version,
            "trainingJob": self.job_name,
            "fingerprint": self.fingerprint,
            **_trained_before(evidence.trained_before),
            "task": evaluation.task,
            "rows": str(evaluation.rows),
            "gate": "passed" if evidence.gate.passed else "failed",
        }
        for name, value in evaluation.metrics.items():
            facts[f"metric.{name}"] = "" if value is None else repr(value)
        for name, text in evidence.hyperparameters.items():
            facts.setdefault(f"hyperparameter.{name}", text)
        clean = {
            _allowed(name, characters=_MAX_KEY_CHARACTERS): _allowed(
                value, characters=_MAX_VALUE_CHARACTERS
            )
            for name, value in facts.items()
        }
        known = [(name, value) for name, value in clean.items() if value]
        return dict(known[: _MAX_PROPERTIES - _KEPT_FREE])


@dataclass(frozen=True, kw_only=True)
class Version:
    """A registered version, as the registry has it; what it does not tell is "".

    Attributes:
        number: counts from 1 in the group.
        description: how its status came about.
        image_uri: the image that it is served with.
        decided_at: in UTC, ISO 8601.
        fingerprint: what its training depended on.
        trained_before: the version whose training it stands on; None if it has one of its own.
    """

    arn: str
    number: int
    status: Status
    description: str
    image_uri: str
    model_data: str
    commit_id: str
    execution_arn: str
    approval_id: str
    data_version: str
    report_key: str
    decided_by: str
    decided_at: str
    train_version: str
    training_job: str
    fingerprint: str
    trained_before: Origin | None

    @classmethod
    def from_package(cls, package: DescribeModelPackageOutputTypeDef) -> Self:
        """Read the answer of DescribeModelPackage."""
        properties = package.get("CustomerMetadataProperties", {})
        containers = package.get("InferenceSpecification", {}).get("Containers", [])
        container = containers[0] if containers else {}
        arn = package["ModelPackageArn"]
        return cls(
            arn=arn,
            number=package.get("ModelPackageVersion") or version_number(arn) or 0,
            status=package.get("ModelApprovalStatus", "PendingManualApproval"),
            description=package.get("ApprovalDescription", ""),
            image_uri=container.get("Image", ""),
            model_data=container.get("ModelDataUrl", ""),
            commit_id=properties.get("commit", ""),
            execution_arn=properties.get("execution", ""),
            approval_id=properties.get("approval", ""),
            data_version=properties.get("dataVersion", ""),
            report_key=properties.get("report", ""),
            decided_by=properties.get("decidedBy", ""),
            decided_at=properties.get("decidedAt", ""),
            train_version=properties.get("trainVersion", ""),
            training_job=properties.get("trainingJob", ""),
            fingerprint=properties.get("fingerprint", ""),
            trained_before=_origin(properties),
        )


def _trained_before(origin: Origin | None) -> dict[str, str]:
    if origin is None:
        return {}
    return {"trainedByCommit": origin.commit_id, "trainedByVersion": origin.model_package_arn}


def _origin(properties: Mapping[str, str]) -> Origin | None:
    arn = properties.get("trainedByVersion", "")
    number = version_number(arn)
    if number is None:
        return None
    return Origin(
        number=number,
        commit_id=properties.get("trainedByCommit", "") or "unknown",
        model_package_arn=arn,
    )


def _allowed(text: str, *, characters: int) -> str:
    """The text as CustomerMetadataProperties take it: "_" stands for what they do not.

    Allowed are letters, numbers, separators and `_.:/=+-@`:
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateModelPackage.html
    """
    return "".join(map(_allowed_character, text.strip()[:characters])).strip()


def _allowed_character(character: str) -> str:
    if character in _ALLOWED_CHARACTERS:
        return character
    # What lies beyond the first 65 536 counts twice where lengths are checked.
    small = ord(character) <= 0xFFFF
    return character if small and unicodedata.category(character)[0] in _ALLOWED_CATEGORIES else "_"
