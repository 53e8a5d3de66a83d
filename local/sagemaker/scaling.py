"""Application Auto Scaling for endpoint variants, as recorded state: nothing scales here.

https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html
https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling.html
"""

from __future__ import annotations

import functools
import re
import threading
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from local.sagemaker.cloud import Cloud, now
from local.sagemaker.endpoints import Endpoints
from local.sagemaker.errors import ApiError, invalid
from local.sagemaker.json_protocol import Response, answered
from local.sagemaker.paging import page_of
from local.sagemaker.validation import check_request, operations

SERVICE = "application-autoscaling"
DIMENSION = "sagemaker:variant:DesiredInstanceCount"

Operation = Callable[[Mapping[str, Any]], dict[str, Any]]

_RESOURCE = re.compile(r"endpoint/(?P<endpoint>[^/]+)/variant/(?P<variant>[^/]+)")


class Scaling:
    """Scalable targets and scaling policies of SageMaker endpoint variants."""

    def __init__(self, cloud: Cloud, endpoints: Endpoints) -> None:
        self._cloud = cloud
        self._endpoints = endpoints
        self._targets: dict[str, dict[str, Any]] = {}
        self._policies: dict[tuple[str, str], dict[str, Any]] = {}
        self._lock = threading.RLock()
        self._operations: dict[str, Operation] = {
            "RegisterScalableTarget": self.register,
            "DescribeScalableTargets": self.targets,
            "DeregisterScalableTarget": self.deregister,
            "PutScalingPolicy": self.put_policy,
            "DescribeScalingPolicies": self.policies,
            "DeleteScalingPolicy": self.delete_policy,
            "DescribeScalingActivities": lambda _request: {"ScalingActivities": []},
        }

    def answer(self, operation: str, body: bytes) -> Response:
        """Answer one authorised request in the JSON protocol."""
        return answered(operation, body, functools.partial(self._call, operation))

    def _call(self, operation: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        if operation not in operations(SERVICE):
            raise ApiError(code="UnknownOperationException", message="", status=404)
        if operation not in self._operations:
            raise invalid(f"The local Application Auto Scaling does not offer {operation}.")
        check_request(operation, arguments, SERVICE)
        if arguments["ServiceNamespace"] != "sagemaker":
            raise invalid("The local Application Auto Scaling knows the namespace sagemaker only.")
        with self._lock:
            return self._operations[operation](arguments)

    def register(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """RegisterScalableTarget: new, or with other limits."""
        resource = request["ResourceId"]
        variant = self._variant(request)
        known = self._targets.get(resource, {})
        limits = {
            member: request.get(member, known.get(member))
            for member in ("MinCapacity", "MaxCapacity")
        }
        lowest, highest = limits["MinCapacity"], limits["MaxCapacity"]
        if lowest is None or highest is None:
            raise invalid("MinCapacity and MaxCapacity are required for a new scalable target.")
        if not 0 <= lowest <= highest:
            raise invalid(
                f"MinCapacity ({lowest}) must not be negative or larger than MaxCapacity "
                f"({highest})."
            )
        identity = known.get("ScalableTargetARN", "").rpartition("/")[2] or uuid.uuid4().hex[:30]
        account = self._cloud.account_id
        arn = (
            f"arn:aws:application-autoscaling:{self._cloud.region}:{account}:scalable-target/"
            f"{identity}"
        )
        self._targets[resource] = {
            "ServiceNamespace": "sagemaker",
            "ResourceId": resource,
            "ScalableDimension": DIMENSION,
            **limits,
            "RoleARN": f"arn:aws:iam::{account}:role/aws-service-role/"
            "sagemaker.application-autoscaling.amazonaws.com/"
            "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint",
            "CreationTime": known.get("CreationTime", now()),
            "SuspendedState": request.get("SuspendedState", known.get("SuspendedState", _RUNNING)),
            "ScalableTargetARN": arn,
        }
        self._bring_into_range(resource, variant["DesiredInstanceCount"])
        return {"ScalableTargetARN": arn}

    def targets(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """DescribeScalableTargets."""
        wanted = request.get("ResourceIds")
        found = [
            target
            for target in self._targets.values()
            if wanted is None or target["ResourceId"] in wanted
        ]
        return page_of("ScalableTargets", found, request, default=50)

    def deregister(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """DeregisterScalableTarget: its policies go with it."""
        self._remove(self._target(request)["ResourceId"])
        return {}

    def targets_of(self, endpoint: str) -> set[str]:
        """Names of the endpoint's variants that are scalable targets."""
        with self._lock:
            matches = [_RESOURCE.fullmatch(resource) for resource in self._targets]
        return {match["variant"] for match in matches if match and match["endpoint"] == endpoint}

    def forget(self, endpoint: str) -> None:
        """Deregister every target of an endpoint that is deleted."""
        for variant in self.targets_of(endpoint):
            self._remove(f"endpoint/{endpoint}/variant/{variant}")

    def put_policy(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """PutScalingPolicy: new, or in place of the one of that name."""
        resource, name = self._target(request)["ResourceId"], request["PolicyName"]
        if request.get("PolicyType", "StepScaling") != "TargetTrackingScaling":
            raise invalid("The local Application Auto Scaling keeps TargetTrackingScaling only.")
        config = request.get("TargetTrackingScalingPolicyConfiguration")
        if config is None:
            raise invalid("TargetTrackingScalingPolicyConfiguration is required.")
        metrics = ("PredefinedMetricSpecification", "CustomizedMetricSpecification")
        if sum(member in config for member in metrics) != 1:
            raise invalid(f"Give one of {metrics[0]} and {metrics[1]}.")
        if config["TargetValue"] <= 0:
            raise invalid("TargetValue must be larger than 0.")
        known = self._policies.get((resource, name), {})
        arn = known.get("PolicyARN") or (
            f"arn:aws:autoscaling:{self._cloud.region}:{self._cloud.account_id}:scalingPolicy:"
            f"{uuid.uuid4()}:resource/sagemaker/{resource}:policyName/{name}"
        )
        self._policies[resource, name] = {
            **request,
            "PolicyARN": arn,
            "Alarms": [],
            "CreationTime": known.get("CreationTime", now()),
        }
        return {"PolicyARN": arn, "Alarms": []}

    def policies(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """DescribeScalingPolicies."""
        names, resource = request.get("PolicyNames"), request.get("ResourceId")
        found = [
            policy
            for policy in self._policies.values()
            if (names is None or policy["PolicyName"] in names)
            and resource in (None, policy["ResourceId"])
        ]
        return page_of("ScalingPolicies", found, request, default=50)

    def delete_policy(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """DeleteScalingPolicy."""
        key = (request["ResourceId"], request["PolicyName"])
        if key not in self._policies:
            raise _not_found(f"No scaling policy found for resource ID: {key[0]}, name: {key[1]}")
        del self._policies[key]
        return {}

    def _remove(self, resource: str) -> None:
        with self._lock:
            self._targets.pop(resource, None)
            kept = {key: item for key, item in self._policies.items() if key[0] != resource}
            self._policies = kept

    def _target(self, request: Mapping[str, Any]) -> dict[str, Any]:
        resource = request["ResourceId"]
        if request["ScalableDimension"] != DIMENSION or resource not in self._targets:
            raise _not_found(
                "No scalable target found for service namespace: sagemaker, resource ID: "
                f"{resource}, scalable dimension: {request['ScalableDimension']}"
            )
        return self._targets[resource]

    def _variant(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """What DescribeEndpoint says of the variant; raises when there is none to scale."""
        if request["ScalableDimension"] != DIMENSION:
            raise invalid(f"The local Application Auto Scaling knows {DIMENSION} only.")
        match = _RESOURCE.fullmatch(request["ResourceId"])
        if match is None:
            raise invalid("ResourceId must look like endpoint/<endpoint>/variant/<variant>.")
        described = self._endpoints.describe({"EndpointName": match["endpoint"]})
        for variant in described.get("ProductionVariants", []):
            if variant["VariantName"] == match["variant"]:
                if "DesiredInstanceCount" not in variant:
                    raise invalid(f"The variant {match['variant']} is serverless.")
                return dict(variant)
        raise invalid(f"The endpoint {match['endpoint']} has no variant {match['variant']}.")

    def _bring_into_range(self, resource: str, count: int) -> None:
        target, match = self._targets[resource], _RESOURCE.fullmatch(resource)
        wanted = min(max(count, target["MinCapacity"]), target["MaxCapacity"])
        if wanted != count and match is not None:
            change = {"VariantName": match["variant"], "DesiredInstanceCount": wanted}
            self._endpoints.change_weights(
                {"EndpointName": match["endpoint"], "DesiredWeightsAndCapacities": [change]}
            )


_RUNNING = {
    "DynamicScalingInSuspended": False,
    "DynamicScalingOutSuspended": False,
    "ScheduledScalingSuspended": False,
}


def _not_found(message: str) -> ApiError:
    return ApiError(code="ObjectNotFoundException", message=message)
