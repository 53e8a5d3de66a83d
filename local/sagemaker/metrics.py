"""What an endpoint's invocations put into CloudWatch.

https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html
"""

from __future__ import annotations

from local.sagemaker.cloud import Cloud

NAMESPACE = "AWS/SageMaker"


def record_invocation(
    cloud: Cloud, *, endpoint: str, variant: str, status: int, seconds: float
) -> None:
    """Count one invocation; `status` is the container's HTTP status, 0 when it did not answer."""
    dimensions = {"EndpointName": endpoint, "VariantName": variant}
    counts = {
        "Invocations": True,
        "Invocation4XXErrors": 400 <= status < 500,
        "Invocation5XXErrors": status == 0 or status >= 500,
    }
    for name, counted in counts.items():
        cloud.record_metric(NAMESPACE, name, int(counted), unit="Count", dimensions=dimensions)
    cloud.record_metric(
        NAMESPACE, "ModelLatency", seconds * 1e6, unit="Microseconds", dimensions=dimensions
    )
