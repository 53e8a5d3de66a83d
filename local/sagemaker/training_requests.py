"""What CreateTrainingJob refuses beyond the shapes of its request.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html
https://docs.aws.amazon.com/sagemaker/latest/dg/model-managed-spot-training.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from boto3.session import Session
from botocore.exceptions import ClientError

from local.sagemaker import s3, training_files
from local.sagemaker.errors import invalid

CHECKPOINTS = "/opt/ml/checkpoints"


def check_supported(request: Mapping[str, Any]) -> None:
    """Raise for what AWS refuses beyond the shapes, and for what this emulator does not run."""
    algorithm = request.get("AlgorithmSpecification", {})
    for member in ("AlgorithmSpecification", "ResourceConfig", "StoppingCondition"):
        if member not in request:
            path = member[0].lower() + member[1:]
            raise invalid(
                f"1 validation error detected: Value null at '{path}' failed to satisfy "
                "constraint: Member must not be null"
            )
    if "TrainingImage" not in algorithm:
        raise invalid("You must specify a TrainingImage; the local SageMaker has no algorithms.")
    if request["ResourceConfig"].get("InstanceCount", 1) != 1:
        raise invalid("The local SageMaker trains on one instance: set InstanceCount to 1.")
    if request["OutputDataConfig"].get("CompressionType", "GZIP") != "GZIP":
        raise invalid("The local SageMaker writes model.tar.gz: leave CompressionType at GZIP.")
    names = [channel["ChannelName"] for channel in request.get("InputDataConfig", [])]
    if len(names) != len(set(names)):
        raise invalid("Channel names must be unique within a training job.")
    for channel in request.get("InputDataConfig", []):
        training_files.check_channel(channel, algorithm["TrainingInputMode"])
    _check_spot(request)
    if "CheckpointConfig" in request:
        _check_checkpoints(request["CheckpointConfig"])


def require_objects(
    session: Session, channel: Mapping[str, Any], *, region: str, role_arn: str
) -> None:
    """Raise the ValidationException of a channel under whose prefix the role sees no object."""
    uri = channel["DataSource"]["S3DataSource"]["S3Uri"]
    prefix = s3.S3Uri.parse(uri)
    try:
        found = s3.keys_under(session.client("s3"), prefix)
    except ClientError:
        found = []
    if not found:
        raise invalid(
            f'No S3 objects found under S3 URL "{uri}" given in input data source. Please ensure '
            f"that the bucket exists in the selected region ({region}), that objects exist under "
            f'that S3 prefix, and that the role "{role_arn}" has "s3:ListBucket" permissions on '
            f'bucket "{prefix.bucket}".'
        )


def _check_spot(request: Mapping[str, Any]) -> None:
    stop = request["StoppingCondition"]
    wait = stop.get("MaxWaitTimeInSeconds")
    if not request.get("EnableManagedSpotTraining", False):
        if wait is not None:
            raise invalid(
                "MaxWaitTimeInSeconds is for managed spot training only: set "
                "EnableManagedSpotTraining, or leave it out."
            )
    elif wait is None or wait < stop.get("MaxRuntimeInSeconds", 86400):
        raise invalid(
            "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to "
            "MaxRuntimeInSeconds."
        )


def _check_checkpoints(config: Mapping[str, Any]) -> None:
    if not config["S3Uri"].startswith("s3://"):
        raise invalid("CheckpointConfig: S3Uri must look like s3://<bucket>/<prefix>.")
    if config.get("LocalPath", CHECKPOINTS).rstrip("/") != CHECKPOINTS:
        raise invalid(f"CheckpointConfig: the local SageMaker keeps {CHECKPOINTS} only.")
