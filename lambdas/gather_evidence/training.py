"""What SageMaker knows about the training job.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeTrainingJob.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.evidence import Training

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient


@dataclass(frozen=True)
class Job:
    """The training and its hyperparameters, as SageMaker got them."""

    training: Training
    hyperparameters: Mapping[str, str]


def read_job(sagemaker: SageMakerClient, *, job_name: str) -> Job:
    """Read a training job that has ended.

    Raises:
        botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: as DescribeTrainingJob.
    """
    answer = sagemaker.describe_training_job(TrainingJobName=job_name)
    return Job(
        training=Training(
            seconds=answer.get("TrainingTimeInSeconds", 0),
            instance_type=answer["ResourceConfig"].get("InstanceType", "several types"),
        ),
        hyperparameters=answer.get("HyperParameters", {}),
    )
