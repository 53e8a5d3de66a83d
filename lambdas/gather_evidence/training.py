"""What SageMaker knows about the training job.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeTrainingJob.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shared import fields
from shared.evidence import Training

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient


@dataclass(frozen=True)
class Job:
    """The training and its hyperparameters, as SageMaker got them; so many are left off."""

    training: Training
    hyperparameters: Mapping[str, str]
    left_off: int = 0


def job_elsewhere(event: Mapping[str, Any]) -> Job | None:
    """What the event tells of a training in another environment; None of one in this.

    Raises:
        InvalidEventError: it is told, but wrong.
    """
    if event.get("training") is None:
        return None
    told = fields.mapping(event, "training")
    hyperparameters = fields.mapping(told, "hyperparameters")
    return Job(
        training=Training(
            seconds=fields.whole_number(told, "seconds"),
            instance_type=fields.text(told, "instanceType"),
        ),
        hyperparameters={
            name: fields.optional_text(hyperparameters, name) for name in hyperparameters
        },
        left_off=fields.whole_number(told, "hyperparametersLeftOff"),
    )


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
