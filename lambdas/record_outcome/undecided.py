"""A version that still waits for a decision after its execution has ended.

The workflow rejects what it can; it cannot when it is stopped, times out, or fails between states.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.versions import Version

from record_outcome.ending import Ending

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateModelPackage.html
_MAX_DESCRIPTION = 1024


def reject_undecided(sagemaker: SageMakerClient, *, ending: Ending, group: str) -> list[str]:
    """Reject what this execution registered and nobody decided; returns the versions' ARNs.

    Repeated, it finds nothing left to do.

    Raises:
        botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: a call failed.
    """
    rejected = []
    for arn in _waiting(sagemaker, ending=ending, group=group):
        version = Version.from_package(sagemaker.describe_model_package(ModelPackageName=arn))
        if version.execution_arn != ending.execution_arn:
            continue
        sagemaker.update_model_package(
            ModelPackageArn=arn,
            ModelApprovalStatus="Rejected",
            ApprovalDescription=" ".join(ending.description.split())[:_MAX_DESCRIPTION],
        )
        rejected.append(arn)
    return rejected


def _waiting(sagemaker: SageMakerClient, *, ending: Ending, group: str) -> list[str]:
    pages = sagemaker.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=group,
        ModelApprovalStatus="PendingManualApproval",
        # Only what is as old as the execution, or younger, can be its own.
        CreationTimeAfter=ending.started_at,
    )
    # All are listed before any is changed, so that no page moves on meanwhile.
    return [
        package["ModelPackageArn"] for page in pages for package in page["ModelPackageSummaryList"]
    ]
