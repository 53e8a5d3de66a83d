"""Checkpoints of a training job, kept in S3 for the job that goes on with them.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-checkpoints.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from local.sagemaker import s3
from local.sagemaker.errors import JobFailedError
from local.sagemaker.jobs import Job
from local.sagemaker.training_files import download_prefix

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def restore(client: S3Client, job: Job, request: Mapping[str, Any]) -> None:
    """Make /opt/ml/checkpoints with what lies under the S3 prefix. Raises JobFailedError."""
    config = request.get("CheckpointConfig")
    if config is None:
        return
    prefix, folder = s3.S3Uri.parse(config["S3Uri"]), job.folder / "checkpoints"
    folder.mkdir()
    download_prefix(client, job, prefix=prefix, folder=folder, what="Checkpoint")


def save(client: S3Client, job: Job, request: Mapping[str, Any]) -> None:
    """Make what lies under the S3 prefix the same as /opt/ml/checkpoints, however training ended.

    AWS does so all the time; here nothing takes the machine away. Raises JobFailedError.
    """
    config = request.get("CheckpointConfig")
    if config is None:
        return
    prefix, folder = s3.S3Uri.parse(config["S3Uri"]), job.folder / "checkpoints"
    here = set()
    try:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                target = prefix.join(*path.relative_to(folder).parts)
                client.upload_file(str(path), target.bucket, target.key, ExtraArgs={})
                here.add(target.key)
        below = prefix.key.rstrip("/") + "/"
        for key in s3.keys_under(client, prefix):
            if key.startswith(below) and key not in here:
                client.delete_object(Bucket=prefix.bucket, Key=key)
    except (ClientError, OSError) as error:
        raise JobFailedError(f"ClientError: Checkpoint upload failed:{error}") from error
