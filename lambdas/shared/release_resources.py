"""Models and endpoint configurations: what releases make in SageMaker beside the one endpoint.

Their names begin with the model's and two hyphens. No model name holds two hyphens in a row, so
that what belongs to `iris` cannot be taken for what belongs to `iris-b`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from shared.logs import log_event
from shared.transient import TransientError, error_name, is_transient

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient


class NotDeletedError(Exception):
    """Something could not be deleted, and will not be deletable by itself."""


@dataclass(frozen=True, kw_only=True)
class ListedConfiguration:
    """An endpoint configuration as it is listed."""

    name: str
    arn: str
    created_at: datetime


def prefix_of(model_name: str) -> str:
    """What the names of a model's resources begin with."""
    return f"{model_name}--"


def list_models(sagemaker: SageMakerClient, *, model_name: str) -> list[str]:
    """The names of the SageMaker models that releases of this model have made.

    Raises:
        botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: as ListModels.
    """
    prefix = prefix_of(model_name)
    pages = sagemaker.get_paginator("list_models").paginate(NameContains=prefix)
    names = [model["ModelName"] for page in pages for model in page["Models"]]
    return [name for name in names if name.startswith(prefix)]


def list_configurations(
    sagemaker: SageMakerClient, *, model_name: str
) -> list[ListedConfiguration]:
    """The endpoint configurations that releases of this model have made.

    Raises:
        botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: as ListEndpointConfigs.
    """
    prefix = prefix_of(model_name)
    pages = sagemaker.get_paginator("list_endpoint_configs").paginate(NameContains=prefix)
    found = [
        ListedConfiguration(
            name=listed["EndpointConfigName"],
            arn=listed["EndpointConfigArn"],
            created_at=listed["CreationTime"],
        )
        for page in pages
        for listed in page["EndpointConfigs"]
    ]
    return [listed for listed in found if listed.name.startswith(prefix)]


def is_missing(error: ClientError) -> bool:
    """Whether SageMaker says that there is no such thing; it has a text for that, and no name."""
    message = error.response["Error"].get("Message", "").lower()
    return any(text in message for text in ("could not find", "cannot find", "does not exist"))


def delete_all(
    sagemaker: SageMakerClient, *, configurations: Iterable[str], models: Iterable[str]
) -> None:
    """Delete all of these; what is gone already is as good, and a failure does not stop the rest.

    Raises:
        TransientError: some may be deletable a little later.
        NotDeletedError: some are refused, and the message says why.
    """
    failures: dict[str, ClientError | BotoCoreError] = {}
    for name in configurations:
        if error := _failure(partial(sagemaker.delete_endpoint_config, EndpointConfigName=name)):
            failures[f"endpoint configuration {name}"] = error
    for name in models:
        if error := _failure(partial(sagemaker.delete_model, ModelName=name)):
            failures[f"model {name}"] = error
    for what, error in failures.items():
        log_event("notDeleted", level="ERROR", what=what, error=error_name(error))
    told = "; ".join(f"{what} ({error_name(error)})" for what, error in failures.items())
    if any(is_transient(error) for error in failures.values()):
        raise TransientError(f"Not deleted yet: {told[:1000]}")
    if failures:
        raise NotDeletedError(f"Could not be deleted: {told[:1000]}")


def _failure(delete: Callable[[], object]) -> ClientError | BotoCoreError | None:
    try:
        delete()
    except ClientError as error:
        return None if is_missing(error) else error
    except BotoCoreError as error:
        return error
    return None
