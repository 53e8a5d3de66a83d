"""Resources that are only records: models, endpoint configurations, tags.

They are plain dictionaries here. moto's SageMaker backend could keep them, but it checks neither
image nor artifact, answers other error texts than AWS, and is a large dependency for little code.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from local.sagemaker import s3
from local.sagemaker.cloud import Cloud, now
from local.sagemaker.errors import invalid
from local.sagemaker.images import require_model_image
from local.sagemaker.serving import primary_container

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Table:
    """Records of one kind by name, with AWS's errors for missing and existing ones.

    `noun` is how AWS's messages call the kind: "model", "endpoint configuration".
    """

    def __init__(self, cloud: Cloud, *, kind: str, noun: str, prefix: str) -> None:
        self._cloud = cloud
        self._kind = kind
        self._noun = noun
        self._prefix = prefix
        self._records: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()

    def create(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Keep the request as a record; answer its ARN."""
        name = request[f"{self._prefix}Name"]
        arn = self._cloud.arn(self._kind, name)
        record = {key: value for key, value in request.items() if key != "Tags"}
        record.update({f"{self._prefix}Arn": arn, "CreationTime": now()})
        with self._lock:
            self.refuse_existing(name)
            self._records[name] = record
        return {f"{self._prefix}Arn": arn}

    def refuse_existing(self, name: str) -> None:
        """Raise when a record of this name exists."""
        if name in self._records:
            arn = self._cloud.arn(self._kind, name)
            raise invalid(f'Cannot create already existing {self._noun} "{arn}".')

    def get(self, name: str) -> dict[str, Any]:
        """A copy of the record; raises when there is none."""
        record = self._records.get(name)
        if record is None:
            raise invalid(f'Could not find {self._noun} "{self._cloud.arn(self._kind, name)}".')
        return dict(record)

    def describe(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The Describe operation."""
        return self.get(request[f"{self._prefix}Name"])

    def delete(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The Delete operation."""
        name = request[f"{self._prefix}Name"]
        with self._lock:
            self.get(name)
            del self._records[name]
        return {}

    def all(self) -> list[dict[str, Any]]:
        """Every record, oldest first."""
        return [dict(record) for record in list(self._records.values())]


class Models(Table):
    """Models: image and artifact must exist, as CreateModel demands."""

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(cloud, kind="model", noun="model", prefix="Model")

    def create(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """CreateModel."""
        containers = request.get("Containers", [])
        if bool(containers) == ("PrimaryContainer" in request):
            raise invalid("You must provide either PrimaryContainer or Containers, and not both.")
        if len(containers) > 1:
            raise invalid("The local SageMaker has no inference pipelines: give one container.")
        role_arn = request.get("ExecutionRoleArn")
        if role_arn is None:
            raise invalid("ExecutionRoleArn is required: it reads the image and the model data.")
        self.refuse_existing(request["ModelName"])
        container = primary_container(request)
        if "Image" not in container:
            raise invalid("You must specify an Image; model packages cannot be deployed locally.")
        if "ModelDataSource" in container or container.get("Mode") == "MultiModel":
            raise invalid("The local SageMaker serves one model of one archive: use ModelDataUrl.")
        session = self._cloud.role_session(role_arn)
        require_model_image(session, uri=container["Image"], role_arn=role_arn)
        url = container.get("ModelDataUrl")
        if url is not None:
            _require_model_data(session.client("s3"), url)
        return super().create({"EnableNetworkIsolation": False, **request})


class EndpointConfigs(Table):
    """Endpoint configurations: their models must exist."""

    def __init__(self, cloud: Cloud, models: Models) -> None:
        super().__init__(
            cloud, kind="endpoint-config", noun="endpoint configuration", prefix="EndpointConfig"
        )
        self._models = models

    def create(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """CreateEndpointConfig."""
        self.refuse_existing(request["EndpointConfigName"])
        names = [variant["VariantName"] for variant in request["ProductionVariants"]]
        if len(names) != len(set(names)):
            raise invalid("Production variant names must be unique within an endpoint config.")
        for variant in request["ProductionVariants"]:
            if "ModelName" not in variant:
                raise invalid("The local SageMaker needs a ModelName in each production variant.")
            self._models.get(variant["ModelName"])
            _check_capacity(variant)
        if "DataCaptureConfig" in request:
            _check_capture(request["DataCaptureConfig"], request["ProductionVariants"])
        variants = [{"InitialVariantWeight": 1.0, **item} for item in request["ProductionVariants"]]
        return super().create({**request, "ProductionVariants": variants})


def _check_capacity(variant: Mapping[str, Any]) -> None:
    """Instances or serverless.

    https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html
    """
    name = variant["VariantName"]
    serverless = variant.get("ServerlessConfig")
    if serverless is None:
        if "InstanceType" not in variant:
            raise invalid(f"InstanceType is required for production variant {name}.")
        return
    for member in ("InstanceType", "InitialInstanceCount"):
        if member in variant:
            raise invalid(f"Production variant {name} is serverless: leave out {member}.")
    if serverless["MemorySizeInMB"] % 1024:
        raise invalid(
            f"Production variant {name}: MemorySizeInMB must be one of 1024, 2048, 3072, 4096, "
            "5120 and 6144."
        )


def _check_capture(capture: Mapping[str, Any], variants: list[Mapping[str, Any]]) -> None:
    if any("ServerlessConfig" in variant for variant in variants):
        raise invalid("Data capture is not offered for serverless endpoints.")
    if not capture["DestinationS3Uri"].startswith("s3://"):
        raise invalid("DataCaptureConfig: DestinationS3Uri must look like s3://<bucket>/<prefix>.")


def _require_model_data(client: S3Client, url: str) -> None:
    try:
        found = s3.exists(client, s3.S3Uri.parse(url))
    except (ClientError, ValueError):
        found = False
    if not found:
        raise invalid(f"Could not find model data at {url}.")


class Tags:
    """Tags by resource ARN."""

    def __init__(self) -> None:
        self._tags: dict[str, dict[str, str]] = {}

    def add(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """AddTags: answers all tags of the resource."""
        tags = self._tags.setdefault(request["ResourceArn"], {})
        tags.update({tag["Key"]: tag["Value"] for tag in request["Tags"]})
        return self.of(request)

    def of(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """ListTags, all on one page."""
        tags = self._tags.get(request["ResourceArn"], {})
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def delete(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """DeleteTags."""
        for key in request["TagKeys"]:
            self._tags.get(request["ResourceArn"], {}).pop(key, None)
        return {}

    def forget(self, arn: str) -> None:
        """Remove all tags of a resource."""
        self._tags.pop(arn, None)
