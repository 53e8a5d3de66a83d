"""A SageMaker and a Step Functions with just enough state for clean-up and tear-down."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

REGION = "arn:aws:sagemaker:eu-west-1:123456789012"
MACHINE = "arn:aws:states:eu-west-1:123456789012:stateMachine:iris-release"
GROUP = f"{REGION}:model-package/iris"
_FIRST = datetime(2026, 11, 1, tzinfo=UTC)


def error(operation: str, message: str, *, code: str = "ValidationException") -> ClientError:
    """What a client raises."""
    status = {"HTTPStatusCode": 400}
    return ClientError(
        {"Error": {"Code": code, "Message": message}, "ResponseMetadata": status},  # type: ignore[typeddict-item]
        operation,
    )


def execution(name: str) -> str:
    """The ARN of an execution."""
    return f"arn:aws:states:eu-west-1:123456789012:execution:iris-release:{name}"


@dataclass
class Configured:
    """An endpoint configuration."""

    models: list[str]
    version: str = ""
    shadow: list[str] = field(default_factory=list)
    age: int = 0


@dataclass
class Deployed:
    """An endpoint; pending is the configuration of an update under way."""

    configuration: str
    status: str = "InService"
    pending: str = ""


@dataclass
class Account:
    """SageMaker and Step Functions, in the shapes of boto3's clients.

    refused: what a deletion of a resource of this name raises. deleted: kinds and names.
    """

    models: set[str] = field(default_factory=set)
    configurations: dict[str, Configured] = field(default_factory=dict)
    endpoints: dict[str, Deployed] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    running: set[str] = field(default_factory=set)
    refused: dict[str, ClientError] = field(default_factory=dict)
    deleted: list[tuple[str, str]] = field(default_factory=list)

    def get_paginator(self, operation: str) -> Pages:
        """Pages of one item each: nobody may read the first page only."""
        return Pages(self, operation)

    def items(self, operation: str, request: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        """What a list operation gives, and the member that it gives it in."""
        part = request.get("NameContains", "").lower()
        match operation:
            case "list_models":
                for name in sorted(self.models):
                    if part in name.lower():
                        yield "Models", {"ModelName": name}
            case "list_endpoint_configs":
                for name, made in sorted(self.configurations.items()):
                    if part in name.lower():
                        arn = f"{REGION}:endpoint-config/{name}"
                        at = _FIRST + timedelta(minutes=made.age)
                        item = {"EndpointConfigName": name, "EndpointConfigArn": arn}
                        yield "EndpointConfigs", {**item, "CreationTime": at}
            case "list_endpoints":
                for name in sorted(self.endpoints):
                    yield "Endpoints", {"EndpointName": name}
            case "list_tags":
                name = request["ResourceArn"].rpartition("/")[2]
                version = self._configuration(name).version
                yield "Tags", {"Key": "commit", "Value": "1a2b3c4d"}
                if version:
                    yield "Tags", {"Key": "version", "Value": version}
            case "list_model_packages":
                assert request["ModelPackageGroupName"] == "iris"
                for arn, status in self.versions.items():
                    if request.get("ModelApprovalStatus", status) == status:
                        yield "ModelPackageSummaryList", {"ModelPackageArn": arn}
            case "list_executions":
                assert request == {"stateMachineArn": MACHINE, "statusFilter": "RUNNING"}
                for arn in sorted(self.running):
                    yield "executions", {"executionArn": arn}
            case _:
                raise AssertionError(operation)

    def describe_endpoint(self, *, EndpointName: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        """As SageMaker's."""
        if EndpointName not in self.endpoints:
            raise error("DescribeEndpoint", f'Could not find endpoint "{EndpointName}".')
        endpoint = self.endpoints[EndpointName]
        answer: dict[str, Any] = {
            "EndpointName": EndpointName,
            "EndpointConfigName": endpoint.configuration,
            "EndpointStatus": endpoint.status,
        }
        if endpoint.pending:
            answer["PendingDeploymentSummary"] = {"EndpointConfigName": endpoint.pending}
        return answer

    def describe_endpoint_config(self, *, EndpointConfigName: str) -> dict[str, Any]:  # noqa: N803
        """As SageMaker's."""
        made = self._configuration(EndpointConfigName)
        return {
            "ProductionVariants": [{"ModelName": name} for name in made.models],
            "ShadowProductionVariants": [{"ModelName": name} for name in made.shadow],
        }

    def delete_endpoint_config(self, *, EndpointConfigName: str) -> None:  # noqa: N803
        """As SageMaker's: whether it is in use is not looked at."""
        self._refuse(EndpointConfigName)
        self._configuration(EndpointConfigName)
        del self.configurations[EndpointConfigName]
        self.deleted.append(("configuration", EndpointConfigName))

    def delete_model(self, *, ModelName: str) -> None:  # noqa: N803
        """As SageMaker's: whether it is in use is not looked at."""
        self._refuse(ModelName)
        if ModelName not in self.models:
            raise error("DeleteModel", f'Could not find model "{ModelName}".')
        self.models.remove(ModelName)
        self.deleted.append(("model", ModelName))

    def _configuration(self, name: str) -> Configured:
        if name not in self.configurations:
            raise error("DescribeEndpointConfig", f'Could not find endpoint configuration "{name}"')
        return self.configurations[name]

    def _refuse(self, name: str) -> None:
        if name in self.refused:
            raise self.refused[name]


@dataclass
class Pages:
    """A paginator."""

    account: Account
    operation: str

    def paginate(self, **request: Any) -> Iterator[dict[str, list[Any]]]:  # noqa: ANN401
        """One item a page, and an empty last page."""
        names = {
            "list_models": "Models",
            "list_endpoint_configs": "EndpointConfigs",
            "list_endpoints": "Endpoints",
            "list_tags": "Tags",
            "list_model_packages": "ModelPackageSummaryList",
            "list_executions": "executions",
        }
        for member, item in self.account.items(self.operation, request):
            yield {member: [item]}
        yield {names[self.operation]: []}
