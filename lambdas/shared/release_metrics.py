"""Figures of releases in CloudWatch, for the dashboard and its alarms.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cloudwatch.type_defs import MetricDatumTypeDef

NAMESPACE = "ModelRelease"


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One value of a metric; dimensions are those beside the model."""

    name: str
    value: float
    unit: Literal["Count", "Seconds", "None"]
    dimensions: Mapping[str, str] = field(default_factory=dict)


def publish(
    cloudwatch: CloudWatchClient, figures: Sequence[Figure], *, model_name: str, at: datetime
) -> None:
    """Send all figures in one call, so that a repetition never finds half of them there.

    Raises:
        botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: as PutMetricData.
    """
    data: list[MetricDatumTypeDef] = [
        {
            "MetricName": figure.name,
            "Value": figure.value,
            "Unit": figure.unit,
            "Timestamp": at,
            "Dimensions": [
                {"Name": name, "Value": value}
                for name, value in {"Model": model_name, **figure.dimensions}.items()
            ],
        }
        for figure in figures
    ]
    cloudwatch.put_metric_data(Namespace=NAMESPACE, MetricData=data)
