"""The version that serves: a new release takes its image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.serving import look_up
from shared.versions import Version

from retrain.plan import Live

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient


class UnknownLiveModel(Exception):  # noqa: N818 - alarms and logs call it by its name
    """What serves was not put there by the workflow: nobody can say from which image."""


class NotServing(Exception):  # noqa: N818 - told apart from errors
    """The endpoint is in a state in which no one version serves."""


def find_live(sagemaker: SageMakerClient, *, endpoint_name: str) -> Live | None:
    """What serves on the endpoint, a version that was put back included; None if nothing does.

    Raises:
        NotServing, UnknownLiveModel
        botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: a call failed.
    """
    serving = look_up(sagemaker, endpoint_name=endpoint_name)
    if serving is None:
        return None
    if not serving.answers:
        raise NotServing(f"the endpoint is in state {serving.status}")
    if not serving.model_package_arn:
        raise UnknownLiveModel(
            f"The endpoint configuration {serving.configuration} names no version, so that nobody "
            "knows the image to train with. Release a commit; new data is tried again after it."
        )
    package = sagemaker.describe_model_package(ModelPackageName=serving.model_package_arn)
    version = Version.from_package(package)
    if not version.image_uri or not version.commit_id:
        raise UnknownLiveModel(
            f"Version {version.number} does not say its image and commit: it was not registered by "
            "this workflow. Release a commit; new data is tried again after it."
        )
    return Live(
        commit_id=version.commit_id,
        image_uri=version.image_uri,
        train_version=version.train_version,
    )
