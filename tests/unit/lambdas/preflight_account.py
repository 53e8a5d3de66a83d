"""An account as the preflight finds it: data, an endpoint, quotas, subscriptions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.stub import Stubber

from tests.unit.lambdas import events

EVENT = events.load("preflight")
BUCKET = EVENT["bucket"]
_THEN = datetime(2026, 11, 1, tzinfo=UTC)
SERVES_ON = "ml.t2.medium"
NAMES = (
    "ml.m5.large for training job usage",
    "ml.m5.xlarge for transform job usage",
    "ml.t2.medium for endpoint usage",
)


class Account:
    """Data in S3, the endpoint in SageMaker, quotas, and subscriptions by address."""

    def __init__(self, sagemaker: Stubber, quotas: Stubber, sns: Stubber) -> None:
        self._sagemaker, self._quotas, self._sns = sagemaker, quotas, sns
        self.s3 = boto3.client("s3")
        self.s3.create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        for part in ("train", "test"):
            self.put(f"{part}/", b"")
            self.put(f"{part}/a.csv", b"a,1\n")

    def put(self, key: str, content: bytes, storage: Any = "STANDARD") -> None:  # noqa: ANN401 - an enumeration
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=content, StorageClass=storage)

    def remove(self, part: str) -> None:
        self.s3.delete_object(Bucket=BUCKET, Key=f"{part}/a.csv")

    def subscribed(self, *addresses: str) -> Account:
        listed = [
            {
                "Protocol": "email",
                "Endpoint": address,
                "SubscriptionArn": f"arn:aws:sns:eu-west-1:123456789012:approvals:{address}",
            }
            for address in addresses
        ]
        self._sns.add_response("list_subscriptions_by_topic", {"Subscriptions": listed})
        return self

    def endpoint(
        self, status: str = "", reason: str = "", *, instances: int = 3, kind: str = SERVES_ON
    ) -> Account:
        """An endpoint in this state, on so many machines of a kind; none if it has none."""
        if not status:
            self._sagemaker.add_client_error(
                "describe_endpoint", "ValidationException", 'Could not find endpoint "iris".'
            )
            return self
        answer = {
            "EndpointName": "iris",
            "EndpointArn": "arn:aws:sagemaker:eu-west-1:123456789012:endpoint/iris",
            "EndpointConfigName": "iris--old",
            "EndpointStatus": status,
            "CreationTime": _THEN,
            "LastModifiedTime": _THEN,
            "ProductionVariants": [{"VariantName": "one", "CurrentInstanceCount": instances}],
            **({"FailureReason": reason} if reason else {}),
        }
        self._sagemaker.add_response("describe_endpoint", answer, {"EndpointName": "iris"})
        if status in ("InService", "Updating"):
            self._configured(kind)
        return self

    def _configured(self, kind: str) -> None:
        asked = {"EndpointConfigName": "iris--old"}
        if not kind:
            message = 'Could not find endpoint configuration "iris--old".'
            self._sagemaker.add_client_error(
                "describe_endpoint_config",
                "ValidationException",
                message,
                expected_params=asked,
            )
            return
        variant = {"VariantName": "one", "ModelName": "iris--old", "InstanceType": kind}
        answer = {
            "EndpointConfigName": "iris--old",
            "EndpointConfigArn": "arn:aws:sagemaker:eu-west-1:123456789012:endpoint-config/old",
            "ProductionVariants": [variant],
            "CreationTime": _THEN,
        }
        self._sagemaker.add_response("describe_endpoint_config", answer, asked)

    def quotas(self, *values: float, names: tuple[str, ...] = NAMES) -> Account:
        """The account's own quotas; whatever is missing is looked for among AWS's defaults."""
        own = [_quota(name, value) for name, value in zip(names, values, strict=False)]
        self._list("list_service_quotas", own)
        return self

    def defaults(self, *values: float) -> Account:
        listed = [_quota(name, value) for name, value in zip(NAMES, values, strict=False)]
        self._list("list_aws_default_service_quotas", listed)
        return self

    def no_quotas(self, code: str) -> Account:
        self._quotas.add_client_error("list_service_quotas", code)
        return self

    def _list(self, operation: str, listed: list[dict[str, Any]]) -> None:
        """Two pages, as SageMaker has many."""
        first = {"Quotas": [_quota("something else", 0)], "NextToken": "more"}
        self._quotas.add_response(operation, first, {"ServiceCode": "sagemaker"})
        self._quotas.add_response(
            operation, {"Quotas": listed}, {"ServiceCode": "sagemaker", "NextToken": "more"}
        )


def _quota(name: str, value: float) -> dict[str, Any]:
    return {"QuotaName": name, "QuotaCode": f"L-{len(name):08}", "Value": value}
