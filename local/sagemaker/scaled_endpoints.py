"""What scalable targets forbid of their endpoint, and lose with it.

https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-scaling-update.html
https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-delete-with-scaling.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from local.sagemaker.cloud import Cloud
from local.sagemaker.endpoints import Endpoints
from local.sagemaker.errors import ApiError, invalid
from local.sagemaker.records import EndpointConfigs
from local.sagemaker.scaling import Scaling


class ScaledEndpoints:
    """UpdateEndpoint and DeleteEndpoint, with an eye on the variants that scale."""

    def __init__(
        self, cloud: Cloud, *, endpoints: Endpoints, configs: EndpointConfigs, scaling: Scaling
    ) -> None:
        self._cloud = cloud
        self._endpoints = endpoints
        self._configs = configs
        self._scaling = scaling

    def update(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """UpdateEndpoint: a variant that is a scalable target stays, on its instance type."""
        name = request["EndpointName"]
        if scaled := self._scaling.targets_of(name):
            config = self._configs.get(request["EndpointConfigName"])
            wanted = {
                variant["VariantName"]: variant.get("InstanceType")
                for variant in config["ProductionVariants"]
            }
            types = self._endpoints.instance_types(name)
            changed = [
                variant
                for variant in sorted(scaled & types.keys())
                if wanted.get(variant) != types[variant]
            ]
            if changed:
                raise invalid(
                    f"The variant(s) {json.dumps(changed)} must be deregistered as scalable "
                    "targets with AWS Application Auto Scaling before they can be removed or have "
                    "their instance type updated."
                )
        return self._endpoints.update(request)

    def require_deregistration(self, endpoint: str, headers: Mapping[str, str]) -> None:
        """Raise for a caller who may not deregister the targets that go with the endpoint."""
        if self._scaling.targets_of(endpoint) and not self._cloud.may_deregister(headers):
            raise ApiError(
                code="AccessDeniedException",
                message="The caller is not authorized to perform: "
                "application-autoscaling:DeregisterScalableTarget on the scalable target of "
                f"endpoint {endpoint} because no identity-based policy allows the "
                "application-autoscaling:DeregisterScalableTarget action",
            )

    def delete(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """DeleteEndpoint: its scalable targets go with it."""
        result = self._endpoints.delete(request)
        self._scaling.forget(request["EndpointName"])
        return result
