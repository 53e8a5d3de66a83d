"""What an endpoint serves, by its configuration: a release tags it with where it comes from.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ListTags.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from shared.release_resources import is_missing

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

# States in which the model of the endpoint's configuration answers, or is about to.
_ANSWERING = {"InService", "Creating", "Updating", "SystemUpdating", "RollingBack"}
_PACKAGE = re.compile(r"arn:[^:]+:sagemaker:.*:model-package/[^/]+/(\d+)")


def version_number(model_package_arn: str) -> int | None:
    """The number of a registered version in its group; None if this is no version's ARN."""
    match = _PACKAGE.fullmatch(model_package_arn)
    return int(match[1]) if match else None


@dataclass(frozen=True)
class Serving:
    """An endpoint, its configuration, and the configuration's SageMaker model.

    model_name is "", and tags are empty, when the endpoint does not answer; model_name also when
    there is not exactly one model.
    """

    endpoint_name: str
    status: str
    configuration: str
    model_name: str
    tags: Mapping[str, str]

    @property
    def answers(self) -> bool:
        """Whether requests reach the configuration's model, or are about to."""
        return self.status in _ANSWERING

    @property
    def commit_id(self) -> str:
        """The commit of the model; "" if unknown."""
        return self.tags.get("commit", "")

    @property
    def report_key(self) -> str:
        """The S3 key of the model's evaluation; "" if unknown."""
        return self.tags.get("evaluation", "")

    @property
    def model_package_arn(self) -> str:
        """The registered version of the model; "" if unknown."""
        return self.tags.get("version", "")


def look_up(sagemaker: SageMakerClient, *, endpoint_name: str) -> Serving | None:
    """What the endpoint serves now; None if there is no such endpoint.

    Raises:
        botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: a call failed.
    """
    try:
        endpoint = sagemaker.describe_endpoint(EndpointName=endpoint_name)
    except ClientError as error:
        if is_missing(error):
            return None
        raise
    found = Serving(
        endpoint_name=endpoint_name,
        status=endpoint["EndpointStatus"],
        configuration=endpoint["EndpointConfigName"],
        model_name="",
        tags={},
    )
    return _configured(sagemaker, found) if found.answers else found


def _configured(sagemaker: SageMakerClient, found: Serving) -> Serving:
    answer = sagemaker.describe_endpoint_config(EndpointConfigName=found.configuration)
    models = [variant.get("ModelName", "") for variant in answer["ProductionVariants"]]
    arn = answer["EndpointConfigArn"]
    pages = sagemaker.get_paginator("list_tags").paginate(ResourceArn=arn)
    return Serving(
        endpoint_name=found.endpoint_name,
        status=found.status,
        configuration=found.configuration,
        model_name=models[0] if len(models) == 1 else "",
        tags={tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]},
    )
