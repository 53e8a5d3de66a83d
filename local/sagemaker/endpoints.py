"""Real-time endpoints, really served.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateEndpoint.html
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html
"""

from __future__ import annotations

import shutil
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.sagemaker.cloud import Cloud, now
from local.sagemaker.errors import ApiError, ImageError, JobFailedError, JobStoppedError, invalid
from local.sagemaker.jobs import failure_reason
from local.sagemaker.json_value import Json
from local.sagemaker.records import EndpointConfigs, Models
from local.sagemaker.serving import Server, UnhealthyError, primary_container, start_server


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A production variant that serves."""

    name: str
    weight: float
    server: Server
    summary: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """All variants of one endpoint configuration."""

    config_name: str
    variants: tuple[Variant, ...]

    def stop(self, grace: float) -> None:
        """End every variant's container."""
        for variant in self.variants:
            variant.server.stop(grace)


class Endpoint:
    """One endpoint: its record and what serves now."""

    def __init__(self, description: dict[str, Any]) -> None:
        self.description = description
        self.deployment: Deployment | None = None
        self.given_up = threading.Event()
        self.thread: threading.Thread | None = None


class Endpoints:
    """The account's endpoints."""

    def __init__(self, cloud: Cloud, *, models: Models, configs: EndpointConfigs) -> None:
        self._cloud = cloud
        self._models = models
        self._configs = configs
        self._endpoints: dict[str, Endpoint] = {}
        self._lock = threading.RLock()
        self._closed = False

    def create(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """CreateEndpoint: answers at once, the endpoint is Creating."""
        name = request["EndpointName"]
        arn = self._cloud.arn("endpoint", name)
        config = self._configs.get(request["EndpointConfigName"])
        created = now()
        endpoint = Endpoint(
            {
                "EndpointName": name,
                "EndpointArn": arn,
                "EndpointConfigName": config["EndpointConfigName"],
                "EndpointStatus": "Creating",
                "CreationTime": created,
                "LastModifiedTime": created,
            }
        )
        with self._lock:
            if name in self._endpoints:
                raise invalid(f'Cannot create already existing endpoint "{arn}".')
            self._record_deployment_config(endpoint, request)
            self._endpoints[name] = endpoint
            self._begin(endpoint, config)
        return {"EndpointArn": arn}

    def update(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """UpdateEndpoint: the old configuration serves until the new one is healthy."""
        with self._lock:
            endpoint = self._endpoint(request)
            config = self._configs.get(request["EndpointConfigName"])
            self._refuse_busy(endpoint)
            if endpoint.description["EndpointStatus"] == "Failed":
                arn = endpoint.description["EndpointArn"]
                raise invalid(f'Cannot update failed endpoint "{arn}": delete it, then create it.')
            endpoint.description.pop("FailureReason", None)
            self._record_deployment_config(endpoint, request)
            self._set(endpoint, EndpointStatus="Updating")
            self._begin(endpoint, config)
            return {"EndpointArn": endpoint.description["EndpointArn"]}

    def delete(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """DeleteEndpoint: gone from Describe at once, its containers end behind it."""
        with self._lock:
            endpoint = self._endpoint(request)
            self._refuse_busy(endpoint)
            del self._endpoints[request["EndpointName"]]
        deployment = endpoint.deployment
        if deployment is not None:
            deployment.stop(self._cloud.timings.stop_grace)
        return {}

    def describe(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """DescribeEndpoint."""
        with self._lock:
            return self._describe(self._endpoint(request))

    def all(self) -> list[dict[str, Any]]:
        """What Describe answers for every endpoint, oldest first."""
        with self._lock:
            return [self._describe(endpoint) for endpoint in self._endpoints.values()]

    def serving(self, name: str) -> tuple[Variant, ...]:
        """The variants that answer invocations; raises the runtime's errors when none does."""
        with self._lock:
            endpoint = self._endpoints.get(name)
            deployment = endpoint.deployment if endpoint else None
        if deployment is None:
            account = self._cloud.account_id
            message = f"Endpoint {name} of account {account} not found."
            raise ApiError(code="ValidationError", message=message)
        return deployment.variants

    def shutdown(self) -> None:
        """End every endpoint's containers and threads."""
        with self._lock:
            self._closed = True
            endpoints = list(self._endpoints.values())
            self._endpoints.clear()
        for endpoint in endpoints:
            endpoint.given_up.set()
        for endpoint in endpoints:
            if endpoint.thread is not None:
                endpoint.thread.join()
            if endpoint.deployment is not None:
                endpoint.deployment.stop(0)

    def _endpoint(self, request: Mapping[str, Any]) -> Endpoint:
        name = request["EndpointName"]
        endpoint = self._endpoints.get(name)
        if endpoint is None:
            raise invalid(f'Could not find endpoint "{self._cloud.arn("endpoint", name)}".')
        return endpoint

    @staticmethod
    def _refuse_busy(endpoint: Endpoint) -> None:
        if endpoint.description["EndpointStatus"] in ("Creating", "Updating"):
            arn = endpoint.description["EndpointArn"]
            raise invalid(f'Cannot update in-progress endpoint "{arn}".')

    @staticmethod
    def _record_deployment_config(endpoint: Endpoint, request: Mapping[str, Any]) -> None:
        if "DeploymentConfig" in request:
            endpoint.description["LastDeploymentConfig"] = request["DeploymentConfig"]

    @staticmethod
    def _set(endpoint: Endpoint, **members: Json) -> None:
        endpoint.description.update(members, LastModifiedTime=now())

    @staticmethod
    def _describe(endpoint: Endpoint) -> dict[str, Any]:
        answer = dict(endpoint.description)
        if endpoint.deployment is not None:
            answer["ProductionVariants"] = [
                dict(variant.summary) for variant in endpoint.deployment.variants
            ]
        return answer

    def _begin(self, endpoint: Endpoint, config: Mapping[str, Any]) -> None:
        if self._closed:
            raise ApiError(code="ServiceUnavailable", message="SageMaker ends.", status=503)
        endpoint.thread = threading.Thread(
            target=self._deploy,
            args=(endpoint, config),
            name=f"sagemaker-endpoint-{endpoint.description['EndpointName']}",
            daemon=True,
        )
        endpoint.thread.start()

    def _deploy(self, endpoint: Endpoint, config: Mapping[str, Any]) -> None:
        old = endpoint.deployment
        try:
            new = self._start(endpoint, config)
        except Exception as error:  # a deployment's thread has nobody else to tell
            with self._lock:
                # A failed update leaves the old configuration in service, with the reason told.
                status = "InService" if old is not None else "Failed"
                self._set(endpoint, EndpointStatus=status, FailureReason=failure_reason(error))
            return
        with self._lock:
            endpoint.deployment = new
            self._set(endpoint, EndpointStatus="InService", EndpointConfigName=new.config_name)
        if old is not None:
            old.stop(self._cloud.timings.stop_grace)

    def _start(self, endpoint: Endpoint, config: Mapping[str, Any]) -> Deployment:
        started: list[Variant] = []
        try:
            for variant in config["ProductionVariants"]:
                started.append(self._start_variant(endpoint, variant))
        except BaseException:
            for running in started:
                running.server.stop(0)
            raise
        return Deployment(config_name=config["EndpointConfigName"], variants=tuple(started))

    def _start_variant(self, endpoint: Endpoint, variant: Mapping[str, Any]) -> Variant:
        name, variant_name = endpoint.description["EndpointName"], variant["VariantName"]
        log = self._cloud.log("endpoints", name)
        folder = self._cloud.state_dir / "endpoints" / f"{name}-{uuid.uuid4().hex[:8]}"

        def check_stop() -> None:
            if endpoint.given_up.is_set():
                raise JobStoppedError("the cloud ends")

        try:
            model = self._models.get(variant["ModelName"])
            server = start_server(
                self._cloud,
                model=model,
                environment={},
                ml_root=folder,
                log=log,
                name=f"endpoint-{name}-{variant_name}",
                startup=min(
                    variant.get("ContainerStartupHealthCheckTimeoutInSeconds", float("inf")),
                    self._cloud.timings.startup,
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
            weight=variant["InitialVariantWeight"],
            server=server,
            summary=_summary(variant, primary_container(model)["Image"]),
        )


def _summary(variant: Mapping[str, Any], image: str) -> dict[str, Any]:
    count, weight = variant.get("InitialInstanceCount", 1), variant["InitialVariantWeight"]
    return {
        "VariantName": variant["VariantName"],
        "DeployedImages": [
            {"SpecifiedImage": image, "ResolvedImage": image, "ResolutionTime": now()}
        ],
        "CurrentWeight": weight,
        "DesiredWeight": weight,
        "CurrentInstanceCount": count,
        "DesiredInstanceCount": count,
    }
