"""Workflow step: find the version that is to be put back, and all that its deployment needs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from shared import aws, fields
from shared.logs import log_event
from shared.release_resources import is_missing
from shared.transient import transient_errors_named
from shared.versions import Status, Version

from find_version.summary import UnreadableSummaryError, read_summary

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

_STATUS: Mapping[Status, str] = {
    "PendingManualApproval": "still waits for a decision",
    "Rejected": "was rejected",
}


class UnknownVersion(Exception):  # noqa: N818 - the class name is the error name in the workflow
    """There is no such version of this model."""


class VersionNotApproved(Exception):  # noqa: N818 - the class name is the error name in the workflow
    """Only what was approved may serve."""


class VersionIncomplete(Exception):  # noqa: N818 - the class name is the error name in the workflow
    """The version lacks what its deployment needs."""


def handle(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """What is deployed, as a new release would leave it in the workflow's variables.

    Raises:
        InvalidEventError, UnknownVersion, VersionNotApproved, VersionIncomplete, TransientError,
        botocore.exceptions.ClientError
    """
    arn = fields.text(event, "modelPackageArn")
    group = fields.text(event, "groupName")
    model_name = fields.text(event, "modelName")
    bucket = fields.text(event, "bucket")
    with transient_errors_named():
        version = find(aws.sagemaker(), arn=arn, group=group)
        _require_whole(version)
        try:
            evaluation = read_summary(aws.s3(), bucket=bucket, key=version.report_key)
        except UnreadableSummaryError as error:
            raise VersionIncomplete(
                f"Version {version.number} cannot be tried after its deployment: its evaluation, "
                f"{error}. Release commit {version.commit_id} anew, or put another version back."
            ) from error
    log_event(
        "versionFound", modelName=model_name, commitId=version.commit_id, number=version.number
    )
    return {
        "commitId": version.commit_id,
        "imageUri": version.image_uri,
        "modelData": version.model_data,
        "approvalId": version.approval_id,
        "modelPackageArn": version.arn,
        "number": version.number,
        "evaluation": evaluation.to_json(),
        "data": {"version": version.data_version},
        "decision": {
            "decision": "approved",
            "decidedBy": version.decided_by,
            "reason": version.description,
            "decidedAt": version.decided_at,
            "votes": [],
        },
    }


def find(sagemaker: SageMakerClient, *, arn: str, group: str) -> Version:
    """The approved version with this ARN.

    Raises:
        UnknownVersion: the ARN is none, or of another group, or there is no such version.
        VersionNotApproved: it waits for a decision, or was rejected.
        botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: as DescribeModelPackage.
    """
    # SageMaker writes the group in lower case; a version's ARN ends with its number.
    pattern = rf"arn:[^:\s]+:sagemaker:[^:\s]+:\d{{12}}:model-package/{re.escape(group)}/\d{{1,9}}"
    if not re.fullmatch(pattern, arn, re.IGNORECASE | re.ASCII):
        raise UnknownVersion(
            f"{arn[:300]!r} is no version of {group}. Send the ARN of one, such as "
            f"arn:aws:sagemaker:<region>:<account>:model-package/{group.lower()}/1; "
            f"`make versions` lists them, so does the model package group {group} in the console."
        )
    try:
        version = Version.from_package(sagemaker.describe_model_package(ModelPackageName=arn))
    except ClientError as error:
        if not is_missing(error):
            raise
        raise UnknownVersion(
            f"The model package group {group} has no version {arn.rpartition('/')[2]}, or not any "
            "more. `make versions` lists those that it has."
        ) from error
    if version.status != "Approved":
        how = f" ({version.description})" if version.description else ""
        raise VersionNotApproved(
            f"Version {version.number} {_STATUS[version.status]}{how}. Put an approved version "
            f"back, or release commit {version.commit_id or 'of this version'} anew and approve it."
        )
    return version


def _require_whole(version: Version) -> None:
    needed = {
        "commit": version.commit_id,
        "approval": version.approval_id,
        "dataVersion": version.data_version,
        "report": version.report_key,
        "image": version.image_uri,
        "model data": version.model_data,
    }
    missing = [name for name, value in needed.items() if not value]
    if missing:
        raise VersionIncomplete(
            f"Version {version.number} does not say its {', '.join(missing)}: it was not "
            "registered by this workflow. Put another version back, or release the commit."
        )
