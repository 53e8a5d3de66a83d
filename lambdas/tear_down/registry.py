"""The versions of a model package group, deleted: a group that has some cannot be deleted.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry-delete-model-group.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError
from shared.logs import log_event
from shared.release_resources import is_missing

from tear_down.patience import Patience

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient


def remove_versions(sagemaker: SageMakerClient, group: str, *, patience: Patience) -> None:
    """Delete every version of the group, until none is listed any more.

    Raises:
        TookTooLong
        botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: a call was refused.
    """
    patience.repeat(lambda: _delete_versions(sagemaker, group))
    log_event("versionsRemoved", group=group)


def _delete_versions(sagemaker: SageMakerClient, group: str) -> str:
    try:
        pages = sagemaker.get_paginator("list_model_packages").paginate(ModelPackageGroupName=group)
        arns = [one["ModelPackageArn"] for page in pages for one in page["ModelPackageSummaryList"]]
    except ClientError as error:
        if is_missing(error):
            return ""
        raise
    for arn in arns:
        try:
            sagemaker.delete_model_package(ModelPackageName=arn)
        except ClientError as error:
            if not is_missing(error):
                raise
    return f"{len(arns)} versions of {group} to be deleted" if arns else ""
