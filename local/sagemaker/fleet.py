"""A fleet: the running servers of one endpoint configuration.

https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-blue-green.html
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.sagemaker.cloud import Cloud, now
from local.sagemaker.errors import ApiError, ImageError, JobFailedError
from local.sagemaker.json_value import Json
from local.sagemaker.records import Models
from local.sagemaker.serving import Server, UnhealthyError, primary_container, start_server

_RETAINED = {
    "DesiredInstanceCount": "InitialInstanceCount",
    "DesiredWeight": "InitialVariantWeight",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Variant:
    """A production variant that serves; one server stands for all its instances.

    `instance_type` is None for a serverless one. `summary` is what DescribeEndpoint says of it.
    Replace its members, as others read it meanwhile.
    """

    name: str
    role_arn: str
    instance_type: str | None
    server: Server
    summary: dict[str, Any]

    @property
    def weight(self) -> float:
        """Its share of the traffic, relative to the other variants'."""
        return float(self.summary["CurrentWeight"])

    def change(self, **members: Json) -> None:
        """Change what DescribeEndpoint says."""
        self.summary.update(members)


@dataclass(frozen=True, kw_only=True, eq=False)
class Fleet:
    """All variants of one endpoint configuration; `capture` is its DataCaptureConfig or empty."""

    config_name: str
    variants: tuple[Variant, ...]
    capture: Mapping[str, Any]

    def stop(self, grace: float) -> None:
        """End every variant's container."""
        for variant in self.variants:
            variant.server.stop(grace)


def retaining(
    config: Mapping[str, Any], old: Fleet | None, *, excluded: list[str]
) -> dict[str, Any]:
    """A configuration with the properties that the old fleet's variants have now.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateEndpoint.html
    """
    if old is None:
        return dict(config)
    now_of = {variant.name: variant.summary for variant in old.variants}
    variants = []
    for variant in config["ProductionVariants"]:
        kept = {
            initial: now_of[variant["VariantName"]][desired]
            for desired, initial in _RETAINED.items()
            if desired not in excluded and desired in now_of.get(variant["VariantName"], {})
        }
        variants.append({**variant, **kept})
    retained = {**config, "ProductionVariants": variants}
    if "DataCaptureConfig" not in excluded:
        retained["DataCaptureConfig"] = old.capture
    return retained


def start_fleet(
    cloud: Cloud,
    models: Models,
    *,
    endpoint: str,
    config: Mapping[str, Any],
    check_stop: Callable[[], None],
) -> Fleet:
    """Start every variant of a configuration and wait until all are healthy.

    `check_stop` may raise to give up. Raises JobFailedError with the text for FailureReason;
    nothing is left running then.
    """
    started: list[Variant] = []
    try:
        for variant in config["ProductionVariants"]:
            started.append(_start_variant(cloud, models, endpoint, variant, check_stop))
    except BaseException:
        for running in started:
            running.server.stop(0)
        raise
    return Fleet(
        config_name=config["EndpointConfigName"],
        variants=tuple(started),
        capture=config.get("DataCaptureConfig") or {},
    )


def _start_variant(
    cloud: Cloud,
    models: Models,
    endpoint: str,
    variant: Mapping[str, Any],
    check_stop: Callable[[], None],
) -> Variant:
    variant_name = variant["VariantName"]
    log = cloud.log("endpoints", endpoint)
    folder = cloud.state_dir / "endpoints" / f"{endpoint}-{uuid.uuid4().hex[:8]}"
    try:
        model = models.get(variant["ModelName"])
        server = start_server(
            cloud,
            model=model,
            environment={},
            ml_root=folder,
            log=log,
            name=f"endpoint-{endpoint}-{variant_name}",
            startup=min(
                variant.get("ContainerStartupHealthCheckTimeoutInSeconds", float("inf")),
                cloud.timings.startup,
            ),
            check_stop=check_stop,
        )
    except UnhealthyError as error:
        with log.open("a", encoding="utf-8") as file:
            file.write(f"[sagemaker] Not healthy: {error}\n")
        raise JobFailedError(
            f"The primary container for production variant {variant_name} did not pass the "
            "ping health check. Please check CloudWatch logs for this endpoint."
        ) from error
    except (ImageError, ClientError, BotoCoreError, ApiError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise JobFailedError(
            f"Failed to start production variant {variant_name}. Make sure that its model, "
            f"image and model data exist, and that the model's role may read them. {error}"
        ) from error
    return Variant(
        name=variant_name,
        role_arn=model["ExecutionRoleArn"],
        instance_type=variant.get("InstanceType"),
        server=server,
        summary=_summary(variant, primary_container(model)["Image"]),
    )


def _summary(variant: Mapping[str, Any], image: str) -> dict[str, Any]:
    weight = variant["InitialVariantWeight"]
    if serverless := variant.get("ServerlessConfig"):
        capacity = {"CurrentServerlessConfig": serverless, "DesiredServerlessConfig": serverless}
    else:
        count = variant.get("InitialInstanceCount", 1)
        capacity = {"CurrentInstanceCount": count, "DesiredInstanceCount": count}
    return {
        "VariantName": variant["VariantName"],
        "DeployedImages": [
            {"SpecifiedImage": image, "ResolvedImage": image, "ResolutionTime": now()}
        ],
        "CurrentWeight": weight,
        "DesiredWeight": weight,
        **capacity,
    }
