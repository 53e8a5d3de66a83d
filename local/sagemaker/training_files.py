"""The files of a training container under /opt/ml.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html
https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-output.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from local.sagemaker import s3
from local.sagemaker.cloud import now
from local.sagemaker.errors import JobFailedError, invalid
from local.sagemaker.jobs import Job

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_FAILURE_LENGTH = 1024


def check_channel(channel: Mapping[str, Any], mode: str) -> None:
    """Raise a ValidationException for a channel that is not a File-mode S3 prefix."""
    name = channel["ChannelName"]
    source = channel["DataSource"].get("S3DataSource")
    if source is None or source["S3DataType"] != "S3Prefix":
        raise invalid(f"Channel {name}: the local SageMaker reads S3 prefixes only (S3Prefix).")
    if not source["S3Uri"].startswith("s3://"):
        raise invalid(f"Channel {name}: S3Uri must look like s3://<bucket>/<prefix>.")
    if channel.get("InputMode", mode) != "File":
        raise invalid(f"Channel {name}: the local SageMaker offers the File input mode only.")
    if source.get("S3DataDistributionType", "FullyReplicated") != "FullyReplicated":
        raise invalid(f"Channel {name}: the local SageMaker replicates fully (FullyReplicated).")
    for member in ("CompressionType", "RecordWrapperType"):
        if channel.get(member, "None") != "None":
            raise invalid(f"Channel {name}: the local SageMaker takes {member} None only.")


def write_config(ml_root: Path, request: Mapping[str, Any]) -> None:
    """Make /opt/ml's folders and the three files in /opt/ml/input/config."""
    for folder in ("input/config", "input/data", "model", "output/data"):
        (ml_root / folder).mkdir(parents=True, exist_ok=True)
    mode = request["AlgorithmSpecification"]["TrainingInputMode"]
    instance = request["ResourceConfig"].get("InstanceType", "ml.m5.large")
    channels = {
        channel["ChannelName"]: {
            **({"ContentType": channel["ContentType"]} if "ContentType" in channel else {}),
            "TrainingInputMode": channel.get("InputMode", mode),
            "S3DistributionType": "FullyReplicated",
            "RecordWrapperType": channel.get("RecordWrapperType", "None"),
        }
        for channel in request.get("InputDataConfig", [])
    }
    resources = {
        "current_host": "algo-1",
        "current_instance_type": instance,
        "current_group_name": "homogeneousCluster",
        "hosts": ["algo-1"],
        "instance_groups": [
            {
                "instance_group_name": "homogeneousCluster",
                "instance_type": instance,
                "hosts": ["algo-1"],
            }
        ],
        "network_interface_name": "eth0",
    }
    files = {
        "hyperparameters.json": request.get("HyperParameters", {}),
        "inputdataconfig.json": channels,
        "resourceconfig.json": resources,
    }
    for name, content in files.items():
        (ml_root / "input" / "config" / name).write_text(json.dumps(content), encoding="utf-8")


def failure_text(ml_root: Path) -> str:
    """The first 1024 characters of /opt/ml/output/failure, empty when it was not written."""
    try:
        text = (ml_root / "output" / "failure").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return text[:_FAILURE_LENGTH]


def metrics(log: Path, request: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The last value of each metric whose regular expression is in the log.

    https://docs.aws.amazon.com/sagemaker/latest/dg/define-train-metrics.html
    """
    definitions = request["AlgorithmSpecification"].get("MetricDefinitions", [])
    if not definitions or not log.exists():
        return []
    text = log.read_text(encoding="utf-8", errors="replace")
    found = []
    for definition in definitions:
        values = [_number(match) for match in re.finditer(definition["Regex"], text)]
        numbers = [value for value in values if value is not None]
        if numbers:
            found.append(
                {"MetricName": definition["Name"], "Value": numbers[-1], "Timestamp": now()}
            )
    return found


def _number(match: re.Match[str]) -> float | None:
    try:
        return float(match.group(1) if match.re.groups else match.group())
    except ValueError:
        return None


def download_prefix(
    client: S3Client, job: Job, *, prefix: s3.S3Uri, folder: Path, what: str
) -> None:
    """Put everything under an S3 prefix into a folder. Raises JobFailedError, which says what."""
    try:
        for key in s3.keys_under(client, prefix):
            job.check_stop()
            s3.download(
                client,
                uri=s3.S3Uri(prefix.bucket, key),
                target=folder / s3.relative_key(prefix, key),
                between_chunks=job.check_stop,
            )
    except ClientError as error:
        raise JobFailedError(f"ClientError: {what} download failed:{error}") from error
