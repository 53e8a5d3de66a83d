"""Real-time endpoints, really served.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateEndpoint.html
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping
from typing import Any

from local.sagemaker.cloud import Cloud, now
from local.sagemaker.deployments import Deployments, Endpoint
from local.sagemaker.errors import ApiError, invalid
from local.sagemaker.fleet import Fleet, retaining
from local.sagemaker.records import EndpointConfigs, Models
from local.sagemaker.rollout import Rollout, plan, require_same_variants

_BUSY = frozenset({"Creating", "Updating", "RollingBack"})


class Endpoints:
    """The account's endpoints."""

    def __init__(self, cloud: Cloud, *, models: Models, configs: EndpointConfigs) -> None:
        self._cloud = cloud
        self._deployments = Deployments(cloud, models)
        self._configs = configs
        self._endpoints: dict[str, Endpoint] = {}
        self._lock = threading.RLock()
        self._closed = False

    def create(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """CreateEndpoint: answers at once, the endpoint is Creating."""
        name = request["EndpointName"]
        arn = self._cloud.arn("endpoint", name)
        config = self._configs.get(request["EndpointConfigName"])
        rollout = plan(request.get("DeploymentConfig", {}), config)
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
            self._begin(endpoint, config, rollout, request.get("DeploymentConfig"))
            self._endpoints[name] = endpoint
        return {"EndpointArn": arn}

    def update(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """UpdateEndpoint: the old configuration serves until the new one is healthy."""
        with self._lock:
            endpoint = self._endpoint(request)
            config = self._configs.get(request["EndpointConfigName"])
            self._refuse_busy(endpoint)
            arn = endpoint.describe()["EndpointArn"]
            if endpoint.status == "Failed":
                raise invalid(f'Cannot update failed endpoint "{arn}": delete it, then create it.')
            retain = request.get("RetainAllVariantProperties", False)
            excluded = [
                item["VariantPropertyType"]
                for item in request.get("ExcludeRetainedVariantProperties", [])
            ]
            if excluded and not retain:
                raise invalid(
                    "ExcludeRetainedVariantProperties can be given with RetainAllVariantProperties "
                    "only."
                )
            if retain:
                config = retaining(config, endpoint.fleet, excluded=excluded)
            deployment = request.get("DeploymentConfig")
            if request.get("RetainDeploymentConfig"):
                if deployment is not None:
                    raise invalid("Give DeploymentConfig or RetainDeploymentConfig, not both.")
                deployment = endpoint.describe().get("LastDeploymentConfig")
            if deployment or retain:
                require_same_variants(endpoint.fleet, config)
            rollout = plan(deployment or {}, config)
            endpoint.set(EndpointStatus="Updating", FailureReason=None)
            self._begin(endpoint, config, rollout, deployment)
            return {"EndpointArn": arn}

    def change_weights(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """UpdateEndpointWeightsAndCapacities: weights and counts of running variants, at once."""
        with self._lock:
            endpoint = self._endpoint(request)
            self._refuse_busy(endpoint)
            fleet = endpoint.fleet
            variants = {variant.name: variant for variant in fleet.variants} if fleet else {}
            for wanted in request["DesiredWeightsAndCapacities"]:
                name = wanted["VariantName"]
                if name not in variants:
                    raise invalid(f"The endpoint has no production variant {name}.")
                if "DesiredInstanceCount" in wanted:
                    if "DesiredServerlessConfig" in variants[name].summary:
                        raise invalid(f"The variant {name} is serverless: it has no instances.")
                    if wanted["DesiredInstanceCount"] < 1:
                        raise invalid(f"The variant {name} needs one instance or more.")
            for wanted in request["DesiredWeightsAndCapacities"]:
                changes: dict[str, Any] = {}
                for member in ("Weight", "InstanceCount"):
                    if f"Desired{member}" in wanted:
                        value = wanted[f"Desired{member}"]
                        changes |= {f"Desired{member}": value, f"Current{member}": value}
                variants[wanted["VariantName"]].change(**changes)
            endpoint.set()
            return {"EndpointArn": endpoint.describe()["EndpointArn"]}

    def delete(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """DeleteEndpoint: gone from Describe at once, its containers end behind it."""
        with self._lock:
            endpoint = self._endpoint(request)
            self._refuse_busy(endpoint)
            del self._endpoints[request["EndpointName"]]
        endpoint.traffic.send({})
        if endpoint.fleet is not None:
            self._deployments.end(endpoint, endpoint.fleet)
        return {}

    def instance_types(self, name: str) -> dict[str, str | None]:
        """The instance type of each variant that serves; None for a serverless one."""
        with self._lock:
            fleet = self._endpoint({"EndpointName": name}).fleet
        return {variant.name: variant.instance_type for variant in fleet.variants} if fleet else {}

    def describe(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """DescribeEndpoint."""
        with self._lock:
            return self._endpoint(request).describe()

    def all(self) -> list[dict[str, Any]]:
        """What Describe answers for every endpoint, oldest first."""
        with self._lock:
            return [endpoint.describe() for endpoint in self._endpoints.values()]

    @contextlib.contextmanager
    def request(self, name: str) -> Iterator[Fleet]:
        """The fleet for one invocation, which is not stopped before the invocation is over.

        Raises the runtime's error when nothing serves.
        """
        with self._lock:
            endpoint = self._endpoints.get(name)
        with contextlib.ExitStack() as stack:
            fleet = stack.enter_context(endpoint.traffic.request()) if endpoint else None
            if fleet is None:
                account = self._cloud.account_id
                message = f"Endpoint {name} of account {account} not found."
                raise ApiError(code="ValidationError", message=message)
            yield fleet

    def shutdown(self) -> None:
        """End every endpoint's containers and threads."""
        with self._lock:
            self._closed = True
            endpoints = list(self._endpoints.values())
            self._endpoints.clear()
        for endpoint in endpoints:
            endpoint.given_up.set()
            endpoint.traffic.send({})
        for endpoint in endpoints:
            if endpoint.thread is not None:
                endpoint.thread.join()
            if endpoint.fleet is not None:
                endpoint.fleet.stop(0)

    def _endpoint(self, request: Mapping[str, Any]) -> Endpoint:
        name = request["EndpointName"]
        endpoint = self._endpoints.get(name)
        if endpoint is None:
            raise invalid(f'Could not find endpoint "{self._cloud.arn("endpoint", name)}".')
        return endpoint

    @staticmethod
    def _refuse_busy(endpoint: Endpoint) -> None:
        if endpoint.status in _BUSY:
            arn = endpoint.describe()["EndpointArn"]
            raise invalid(f'Cannot update in-progress endpoint "{arn}".')

    def _begin(
        self,
        endpoint: Endpoint,
        config: Mapping[str, Any],
        rollout: Rollout,
        deployment: Mapping[str, Any] | None,
    ) -> None:
        if self._closed:
            raise ApiError(code="ServiceUnavailable", message="SageMaker ends.", status=503)

        def perform() -> None:
            self._deployments.perform(endpoint, config, rollout, deployment)

        endpoint.thread = threading.Thread(
            target=perform, name=f"sagemaker-endpoint-{endpoint.name}", daemon=True
        )
        endpoint.thread.start()
