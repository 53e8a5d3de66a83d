"""Predictions from a SageMaker endpoint, CSV in, CSV out.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_sagemaker_runtime import SageMakerRuntimeClient


def predict(runtime: SageMakerRuntimeClient, *, endpoint_name: str, rows: str) -> list[str]:
    """One prediction for each line of *rows*, as the endpoint answered them.

    Raises:
        botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: as InvokeEndpoint.
        UnicodeDecodeError: the answer is not text.
    """
    answer = runtime.invoke_endpoint(
        EndpointName=endpoint_name,
        ContentType="text/csv",
        Accept="text/csv",
        Body=rows.encode(),
    )
    body = answer["Body"].read().decode()
    return [_unquoted(line) for line in body.splitlines() if line.strip()]


def _unquoted(line: str) -> str:
    """A line of one CSV field without its quotes; a line of several fields as it is."""
    try:
        values = next(csv.reader([line], strict=True))
    except csv.Error:
        return line.strip()
    return values[0].strip() if len(values) == 1 else line.strip()
