"""What there is, what serves, and what runs: all that a clean-up must know before it deletes."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError
from shared.release_resources import (
    ListedConfiguration,
    is_missing,
    list_configurations,
    list_models,
)
from shared.serving import version_number

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_stepfunctions import SFNClient

# ListExecutions may lag behind: the execution whose end is the reason to clean up may be in it.
# https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListExecutions.html
_PAUSES_SECONDS = (1.0, 2.0, 4.0, 8.0)


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """An endpoint configuration of a release; version is its model package's ARN, or ""."""

    name: str
    created_at: datetime
    version: str
    models: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """An endpoint of the account, whoever made it.

    configurations are the names of what it serves and of what it is being updated to.
    models are those of the configurations; None if a configuration cannot be read any more.
    """

    name: str
    status: str
    configurations: frozenset[str]
    models: frozenset[str] | None


@dataclass(frozen=True, kw_only=True)
class Inventory:
    """All of it; running are digests that the names of running releases hold.

    approved: model package ARNs of approved versions, and their numbers.
    """

    models: frozenset[str]
    configurations: tuple[Configuration, ...]
    running: frozenset[str]
    endpoints: tuple[Endpoint, ...]
    approved: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where the model's releases are."""

    model_name: str
    endpoint_name: str
    model_package_group: str
    state_machine_arn: str


def digest_of(execution_arn: str) -> str:
    """What the workflow puts into the name of everything that this execution makes."""
    return hashlib.sha256(execution_arn.encode()).hexdigest()[:12]


def take_inventory(
    sagemaker: SageMakerClient,
    stepfunctions: SFNClient,
    *,
    place: Place,
    ended: str = "",
    sleep: Callable[[float], None] = time.sleep,
) -> Inventory:
    """Look at everything, in the one order that is safe.

    What may be deleted is listed first: what is made later is not in that list. Then come the
    running executions, and the endpoints last: an execution that has ended in between has its
    configuration on the endpoint by then.

    Args:
        ended: the execution of which it is known that it has ended, or "".

    Raises:
        botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: a call failed.
    """
    models = list_models(sagemaker, model_name=place.model_name)
    listed = list_configurations(sagemaker, model_name=place.model_name)
    running = _running(stepfunctions, place.state_machine_arn, ended=ended, sleep=sleep)
    endpoints = tuple(_endpoints(sagemaker, own=place.endpoint_name))
    configurations = [_configuration(sagemaker, one) for one in listed]
    return Inventory(
        models=frozenset(models),
        configurations=tuple(one for one in configurations if one),
        running=frozenset(map(digest_of, running)),
        endpoints=endpoints,
        approved=_approved(sagemaker, group=place.model_package_group),
    )


def _running(
    stepfunctions: SFNClient,
    state_machine_arn: str,
    *,
    ended: str,
    sleep: Callable[[float], None],
) -> set[str]:
    def listed() -> set[str]:
        pages = stepfunctions.get_paginator("list_executions").paginate(
            stateMachineArn=state_machine_arn, statusFilter="RUNNING"
        )
        return {one["executionArn"] for page in pages for one in page["executions"]}

    found = listed()
    for pause in _PAUSES_SECONDS:
        if ended not in found:
            break
        sleep(pause)
        found = listed()
    return found


def _endpoints(sagemaker: SageMakerClient, *, own: str) -> Iterator[Endpoint]:
    pages = sagemaker.get_paginator("list_endpoints").paginate()
    listed = [one["EndpointName"] for page in pages for one in page["Endpoints"]]
    # The own one is asked for by its name, whatever the list says.
    for name in dict.fromkeys([own, *listed]):
        if endpoint := _endpoint(sagemaker, name):
            yield endpoint


def _endpoint(sagemaker: SageMakerClient, name: str) -> Endpoint | None:
    try:
        answer = sagemaker.describe_endpoint(EndpointName=name)
    except ClientError as error:
        if is_missing(error):
            return None
        raise
    names = {answer["EndpointConfigName"]}
    if pending := answer.get("PendingDeploymentSummary"):
        names.add(pending["EndpointConfigName"])
    models = [_models(sagemaker, name) for name in names]
    return Endpoint(
        name=name,
        status=answer["EndpointStatus"],
        configurations=frozenset(names),
        models=_all(models),
    )


def _all(sets: list[frozenset[str] | None]) -> frozenset[str] | None:
    known = [one for one in sets if one is not None]
    return frozenset().union(*known) if len(known) == len(sets) else None


def _models(sagemaker: SageMakerClient, configuration: str) -> frozenset[str] | None:
    """The models that a configuration names; None if it is not there any more."""
    try:
        answer = sagemaker.describe_endpoint_config(EndpointConfigName=configuration)
    except ClientError as error:
        if is_missing(error):
            return None
        raise
    variants = [*answer["ProductionVariants"], *answer.get("ShadowProductionVariants", [])]
    return frozenset(variant["ModelName"] for variant in variants if "ModelName" in variant)


def _configuration(sagemaker: SageMakerClient, listed: ListedConfiguration) -> Configuration | None:
    """The configuration with what it is of; None if it is not there any more."""
    models = _models(sagemaker, listed.name)
    if models is None:
        return None
    try:
        pages = sagemaker.get_paginator("list_tags").paginate(ResourceArn=listed.arn)
        tags = {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}
    except ClientError as error:
        if is_missing(error):
            return None
        raise
    return Configuration(
        name=listed.name,
        created_at=listed.created_at,
        version=tags.get("version", ""),
        models=models,
    )


def _approved(sagemaker: SageMakerClient, *, group: str) -> dict[str, int]:
    pages = sagemaker.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=group, ModelApprovalStatus="Approved"
    )
    arns = [one["ModelPackageArn"] for page in pages for one in page["ModelPackageSummaryList"]]
    return {arn: version_number(arn) or 0 for arn in arns}
