"""The registered versions of a model, and what each says of the release that made it.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry-version.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from operate.stacks import not_deployed

if TYPE_CHECKING:
    from boto3.session import Session
    from mypy_boto3_sagemaker.type_defs import DescribeModelPackageOutputTypeDef

_METRIC = "metric."
_HYPERPARAMETER = "hyperparameter."


@dataclass(frozen=True, kw_only=True)
class Version:
    """A registered version; what the registry does not tell is "".

    Attributes:
        status: PendingManualApproval, Approved or Rejected.
        description: how the status came about.
        manifest_key, report_key: S3 keys in the model's bucket.
        gate: "passed" or "failed".
        served_at: when it last passed its test on the endpoint; "" if it never served.
        trained_by: ARN of the version whose training it stands on; "" if it has one of its own.
        trained_by_commit: that version's commit.
    """

    arn: str
    number: int
    status: str
    description: str
    created_at: datetime
    commit_id: str
    image_uri: str
    image_digest: str
    execution_arn: str
    approval_id: str
    data_version: str
    test_version: str
    manifest_key: str
    report_key: str
    training_job: str
    trained_by: str
    trained_by_commit: str
    rows: str
    gate: str
    served_at: str
    metrics: Mapping[str, float]
    hyperparameters: Mapping[str, str]

    @classmethod
    def from_package(cls, package: DescribeModelPackageOutputTypeDef) -> Version:
        """Read the answer of DescribeModelPackage."""
        properties = package.get("CustomerMetadataProperties", {})
        return cls(
            arn=package["ModelPackageArn"],
            number=number_of(package["ModelPackageArn"]),
            status=package.get("ModelApprovalStatus", "PendingManualApproval"),
            description=package.get("ApprovalDescription", ""),
            created_at=package["CreationTime"],
            commit_id=properties.get("commit", ""),
            image_uri=properties.get("image", ""),
            image_digest=properties.get("imageDigest", ""),
            execution_arn=properties.get("execution", ""),
            approval_id=properties.get("approval", ""),
            data_version=properties.get("dataVersion", ""),
            test_version=properties.get("testVersion", ""),
            manifest_key=properties.get("manifest", ""),
            report_key=properties.get("report", ""),
            training_job=properties.get("trainingJob", ""),
            trained_by=properties.get("trainedByVersion", ""),
            trained_by_commit=properties.get("trainedByCommit", ""),
            rows=properties.get("rows", ""),
            gate=properties.get("gate", ""),
            served_at=properties.get("servedAt", ""),
            metrics=_numbers(_named(properties, _METRIC)),
            hyperparameters=_named(properties, _HYPERPARAMETER),
        )

    def to_json(self) -> dict[str, Any]:
        """The version for programs."""
        return {
            "number": self.number,
            "modelPackageArn": self.arn,
            "status": self.status,
            "description": self.description,
            "createdAt": self.created_at.isoformat(),
            "commitId": self.commit_id,
            "imageUri": self.image_uri,
            "imageDigest": self.image_digest,
            "executionArn": self.execution_arn,
            "approvalId": self.approval_id,
            "dataVersion": self.data_version,
            "testVersion": self.test_version,
            "manifestKey": self.manifest_key,
            "reportKey": self.report_key,
            "trainingJob": self.training_job,
            "trainedBy": {
                "modelPackageArn": self.trained_by,
                "number": number_of(self.trained_by),
                "commitId": self.trained_by_commit,
            }
            if self.trained_by
            else None,
            "rows": self.rows,
            "gate": self.gate,
            "servedAt": self.served_at or None,
            "metrics": dict(self.metrics),
            "hyperparameters": dict(self.hyperparameters),
        }


def number_of(arn: str) -> int:
    """The number of a version, which its ARN ends with; 0 if that is no number."""
    number = arn.rpartition("/")[2]
    return int(number) if number.isascii() and number.isdigit() else 0


def read_version(session: Session, arn: str) -> Version | None:
    """One version; None if there is none with this ARN."""
    client = session.client("sagemaker")
    try:
        return Version.from_package(client.describe_model_package(ModelPackageName=arn))
    except ClientError as error:
        if is_missing(error):
            return None
        raise


def read_numbered(session: Session, group: str, *, number: int) -> Version | None:
    """The version of this number; None if there is none.

    Raises:
        OperateError: there is no such group.
    """
    arns = _arns(session, group, status=None)
    found = [arn for arn in arns if number_of(arn) == number]
    return read_version(session, found[0]) if found else None


def read_versions(
    session: Session, group: str, *, status: str | None = None, last: int | None = None
) -> Iterator[Version]:
    """The versions of a group, newest first, each read when its turn comes.

    Args:
        status: only those of this status.
        last: only so many.

    Raises:
        OperateError: there is no such group.
    """
    client = session.client("sagemaker")
    for arn in islice(_arns(session, group, status=status), last):
        yield Version.from_package(client.describe_model_package(ModelPackageName=arn))


def is_missing(error: ClientError) -> bool:
    """Whether SageMaker says that there is no such thing; it has a text for that, and no name."""
    message = error.response["Error"].get("Message", "").lower()
    return any(text in message for text in ("could not find", "cannot find", "does not exist"))


def _arns(session: Session, group: str, *, status: str | None) -> list[str]:
    client = session.client("sagemaker")
    try:
        pages = client.get_paginator("list_model_packages").paginate(ModelPackageGroupName=group)
        packages = [one for page in pages for one in page["ModelPackageSummaryList"]]
        if not packages:
            # An empty list may be of a group that is not there.
            client.describe_model_package_group(ModelPackageGroupName=group)
    except ClientError as error:
        if not is_missing(error):
            raise
        raise not_deployed(
            what="There are no versions to read",
            why=f"there is no model package group {group} in this account and region "
            f"({session.region_name})",
        ) from error
    wanted = [one for one in packages if status in (None, one.get("ModelApprovalStatus"))]
    return sorted((one["ModelPackageArn"] for one in wanted), key=number_of, reverse=True)


def _named(properties: Mapping[str, str], prefix: str) -> dict[str, str]:
    return {
        name.removeprefix(prefix): value
        for name, value in properties.items()
        if name.startswith(prefix)
    }


def _numbers(texts: Mapping[str, str]) -> dict[str, float]:
    numbers: dict[str, float] = {}
    for name, text in texts.items():
        try:
            numbers[name] = float(text)
        except ValueError:
            continue
    return numbers
