"""Model package groups and versioned model packages, as records.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry.html
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from local.sagemaker.cloud import Cloud, now
from local.sagemaker.errors import invalid
from local.sagemaker.images import ImageReference


class ModelPackages:
    """The model registry: groups and the numbered versions in them."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._groups: dict[str, dict[str, Any]] = {}
        self._packages: dict[str, dict[str, Any]] = {}
        self._tokens: dict[tuple[str, str], str] = {}
        self._latest: dict[str, int] = {}
        self._lock = threading.Lock()

    def create_group(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """CreateModelPackageGroup."""
        name = request["ModelPackageGroupName"]
        arn = self._cloud.arn("model-package-group", name)
        with self._lock:
            if name in self._groups:
                raise invalid(f"Model Package Group already exists: {arn}")
            self._groups[name] = {
                **{key: value for key, value in request.items() if key != "Tags"},
                "ModelPackageGroupArn": arn,
                "CreationTime": now(),
                "CreatedBy": {},
                "ModelPackageGroupStatus": "Completed",
            }
        return {"ModelPackageGroupArn": arn}

    def describe_group(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """DescribeModelPackageGroup."""
        return dict(self._group(request["ModelPackageGroupName"]))

    def delete_group(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """DeleteModelPackageGroup: refused while it has versions."""
        group = self._group(request["ModelPackageGroupName"])
        name = group["ModelPackageGroupName"]
        with self._lock:
            if any(item["ModelPackageGroupName"] == name for item in self._packages.values()):
                arn = group["ModelPackageGroupArn"]
                raise invalid(f"Model Package Group cannot be deleted, it is not empty: {arn}")
            del self._groups[name]
            self._latest.pop(name, None)
        return {}

    def update_group(self, name: str, *, description: str | None) -> None:
        """Change a group's description, as CloudFormation does; the API cannot."""
        with self._lock:
            group = self._group(name)
            group.pop("ModelPackageGroupDescription", None)
            if description is not None:
                group["ModelPackageGroupDescription"] = description

    def groups(self) -> list[dict[str, Any]]:
        """Every group, oldest first."""
        return [dict(group) for group in list(self._groups.values())]

    def create(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """CreateModelPackage: a new version in a group."""
        if "ModelPackageGroupName" not in request:
            raise invalid("The local SageMaker registers versions: give a ModelPackageGroupName.")
        if "ModelPackageName" in request:
            raise invalid("Give ModelPackageName or ModelPackageGroupName, not both.")
        if request.get("Tags"):
            raise invalid("A version has the tags of its model package group: leave Tags out.")
        _check_containers(request)
        group = self._group(request["ModelPackageGroupName"])
        name = group["ModelPackageGroupName"]
        token = (name, request.get("ClientToken", ""))
        with self._lock:
            if token[1] and token in self._tokens:
                return {"ModelPackageArn": self._tokens[token]}
            versions = [
                item["ModelPackageVersion"]
                for item in self._packages.values()
                if item["ModelPackageGroupName"] == name
            ]
            # A number is not given again when the latest version is deleted.
            version = max([*versions, self._latest.get(name, 0)]) + 1
            self._latest[name] = version
            arn = self._cloud.arn("model-package", f"{name}/{version}")
            self._tokens[token] = arn
            self._packages[arn] = {
                "ModelApprovalStatus": "PendingManualApproval",
                **{key: value for key, value in request.items() if key not in _NOT_DESCRIBED},
                "ModelPackageGroupName": name,
                "ModelPackageVersion": version,
                "ModelPackageArn": arn,
                "ModelPackageName": arn,
                "CreationTime": now(),
                "ModelPackageStatus": "Completed",
                "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
            }
        return {"ModelPackageArn": arn}

    def describe(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """DescribeModelPackage, by ARN as for every versioned package."""
        return dict(self._package(request["ModelPackageName"]))

    def update(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """UpdateModelPackage: approval, its description, customer properties and the like."""
        with self._lock:
            package = self._package(request["ModelPackageArn"])
            changes = {key: value for key, value in request.items() if key not in _NOT_DESCRIBED}
            properties = {
                **package.get("CustomerMetadataProperties", {}),
                **changes.pop("CustomerMetadataProperties", {}),
            }
            for key in request.get("CustomerMetadataPropertiesToRemove", []):
                properties.pop(key, None)
            if len(properties) > _MOST_PROPERTIES:
                raise invalid(
                    f"A model package has at most {_MOST_PROPERTIES} customer metadata properties."
                )
            package.update(changes, LastModifiedTime=now())
            if properties or "CustomerMetadataProperties" in package:
                package["CustomerMetadataProperties"] = properties
        return {"ModelPackageArn": request["ModelPackageArn"]}

    def delete(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """DeleteModelPackage."""
        with self._lock:
            arn = self._package(request["ModelPackageName"])["ModelPackageArn"]
            del self._packages[arn]
            self._tokens = {key: value for key, value in self._tokens.items() if value != arn}
        return {}

    def packages(self, request: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The versions that ListModelPackages asks for, oldest first."""
        group = request.get("ModelPackageGroupName")
        status = request.get("ModelApprovalStatus")
        name = self._group(group)["ModelPackageGroupName"] if group else None
        if name is None and request.get("ModelPackageType", "Unversioned") == "Unversioned":
            return []  # The default of AWS; there are none here.
        return [
            dict(item)
            for item in list(self._packages.values())
            if name in (None, item["ModelPackageGroupName"])
            and status in (None, item["ModelApprovalStatus"])
        ]

    def _group(self, name_or_arn: str) -> dict[str, Any]:
        name = name_or_arn.rpartition("/")[2]
        for group in self._groups.values():
            if name in (group["ModelPackageGroupName"], group["ModelPackageGroupName"].lower()):
                return group
        arn = self._cloud.arn("model-package-group", name)
        raise invalid(f"ModelPackageGroup {arn} does not exist.")

    def _package(self, arn: str) -> dict[str, Any]:
        package = self._packages.get(arn)
        if package is None:
            raise invalid(f"ModelPackage {arn} does not exist.")
        return package


def _check_containers(request: Mapping[str, Any]) -> None:
    for container in request.get("InferenceSpecification", {}).get("Containers", []):
        if "Image" in container:
            ImageReference.parse(container["Image"])


_MOST_PROPERTIES = 50
_NOT_DESCRIBED = frozenset(
    {
        "Tags",
        "ClientToken",
        "CustomerMetadataPropertiesToRemove",
        "AdditionalInferenceSpecificationsToAdd",
    }
)
