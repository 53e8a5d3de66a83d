"""The SageMaker service of the local cloud: one handler for the control plane and the runtime."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import urllib.parse
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from local.sagemaker import runtime
from local.sagemaker.authorization import operation_of, resource_arns
from local.sagemaker.capture import Captures
from local.sagemaker.cloud import Cloud
from local.sagemaker.endpoints import Endpoints
from local.sagemaker.errors import ApiError
from local.sagemaker.json_protocol import Response, answered
from local.sagemaker.listing import Listing, page
from local.sagemaker.model_packages import ModelPackages
from local.sagemaker.records import EndpointConfigs, Models, Tags
from local.sagemaker.scaled_endpoints import ScaledEndpoints
from local.sagemaker.scaling import Scaling
from local.sagemaker.training import TrainingJobs
from local.sagemaker.transform import TransformJobs
from local.sagemaker.validation import check_request, operations

Operation = Callable[[Mapping[str, Any]], dict[str, Any]]

_PASSED_ROLES = {"CreateTrainingJob": "RoleArn", "CreateModel": "ExecutionRoleArn"}
_WORKERS = 64  # requests under way at once; each only waits for S3, ECR or a container


class SageMaker:
    """Jobs, models, endpoints and the model registry of one account and region.

    `handle_request` has the signature of a MiniStack service. Call `shutdown` at the end: it ends
    every process and container.
    """

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="sagemaker")
        self.models = Models(cloud)
        self.configs = EndpointConfigs(cloud, self.models)
        self.training = TrainingJobs(cloud)
        self.transforms = TransformJobs(cloud, self.models)
        self.endpoints = Endpoints(cloud, models=self.models, configs=self.configs)
        self.captures = Captures(cloud)
        self.packages = ModelPackages(cloud)
        self.scaling = Scaling(cloud, self.endpoints)
        self.scaled_endpoints = ScaledEndpoints(
            cloud, endpoints=self.endpoints, configs=self.configs, scaling=self.scaling
        )
        self.tags = Tags()
        self._operations = self._table()

    async def handle_request(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        query_params: Mapping[str, Any],
    ) -> Response:
        """Answer one authenticated and authorised request, without blocking the event loop."""
        del method, query_params
        answer = functools.partial(self._answer, path, headers, body)
        context = contextvars.copy_context()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, context.run, answer)

    def shutdown(self) -> None:
        """End every job, endpoint, process and container, and remove their folders."""
        self.captures.shutdown()
        self.endpoints.shutdown()
        self.training.shutdown()
        self.transforms.shutdown()
        self._cloud.runner.shutdown()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _answer(self, path: str, headers: Mapping[str, str], body: bytes) -> Response:
        if path.startswith("/endpoints/"):
            try:
                name = urllib.parse.unquote(path.split("/")[2])
                return runtime.invoke(
                    self._cloud,
                    self.endpoints,
                    self.captures,
                    name=name,
                    headers=headers,
                    body=body,
                )
            except ApiError as error:
                return runtime.error_response(error)
        target = next((v for k, v in headers.items() if k.lower() == "x-amz-target"), "")
        operation = operation_of(path, target)
        return answered(operation, body, lambda given: self.call(operation, given, headers))

    def call(
        self, operation: str, arguments: Mapping[str, Any], headers: Mapping[str, str]
    ) -> dict[str, Any]:
        """Perform one control-plane operation. Raises ApiError."""
        if operation not in operations():
            raise ApiError(code="UnknownOperationException", message="", status=404)
        work = self._operations.get(operation)
        if work is None:
            raise ApiError(
                code="InvalidAction",
                message=f"The local SageMaker does not offer {operation}. It offers: "
                f"{', '.join(sorted(self._operations))}.",
            )
        check_request(operation, arguments)
        given = {key: value for key, value in arguments.items() if value is not None}
        role_arn = given.get(_PASSED_ROLES.get(operation, ""))
        if role_arn is not None and not self._cloud.may_pass_role(headers, role_arn):
            raise ApiError(
                code="AccessDeniedException",
                message="The caller is not authorized to perform: iam:PassRole on resource: "
                f"{role_arn} because no identity-based policy allows the iam:PassRole action",
            )
        if operation == "DeleteEndpoint":
            self.scaled_endpoints.require_deregistration(given["EndpointName"], headers)
        result = work(given)
        created = next((value for key, value in result.items() if key.endswith("Arn")), None)
        if operation.startswith("Create") and given.get("Tags") and created:
            self.tags.add({"ResourceArn": created, "Tags": given["Tags"]})
        if operation.startswith("Delete") and operation != "DeleteTags":
            self._forget_tags(operation, given)
        return result

    def _forget_tags(self, operation: str, arguments: Mapping[str, Any]) -> None:
        """Tags go with their resource: another one of that name begins without."""
        region, account = self._cloud.region, self._cloud.account_id
        [arn] = resource_arns(operation, arguments, region=region, account_id=account)
        self.tags.forget(arn)

    def _table(self) -> dict[str, Operation]:
        def lists(listing: Listing, records: Callable[[], list[dict[str, Any]]]) -> Operation:
            return lambda request: page(listing, records(), request)

        training, transforms, endpoints = self.training, self.transforms, self.endpoints
        models, configs, packages, tags = self.models, self.configs, self.packages, self.tags
        return {
            "CreateTrainingJob": training.create,
            "DescribeTrainingJob": training.describe,
            "StopTrainingJob": training.stop,
            "ListTrainingJobs": lists(_TRAINING_JOBS, training.all),
            "CreateTransformJob": transforms.create,
            "DescribeTransformJob": transforms.describe,
            "StopTransformJob": transforms.stop,
            "ListTransformJobs": lists(_TRANSFORM_JOBS, transforms.all),
            "CreateModel": models.create,
            "DescribeModel": models.describe,
            "DeleteModel": models.delete,
            "ListModels": lists(_MODELS, models.all),
            "CreateEndpointConfig": configs.create,
            "DescribeEndpointConfig": configs.describe,
            "DeleteEndpointConfig": configs.delete,
            "ListEndpointConfigs": lists(_ENDPOINT_CONFIGS, configs.all),
            "CreateEndpoint": endpoints.create,
            "DescribeEndpoint": endpoints.describe,
            "UpdateEndpoint": self.scaled_endpoints.update,
            "UpdateEndpointWeightsAndCapacities": endpoints.change_weights,
            "DeleteEndpoint": self.scaled_endpoints.delete,
            "ListEndpoints": lists(_ENDPOINTS, endpoints.all),
            "AddTags": tags.add,
            "ListTags": tags.of,
            "DeleteTags": tags.delete,
            "CreateModelPackageGroup": packages.create_group,
            "DescribeModelPackageGroup": packages.describe_group,
            "DeleteModelPackageGroup": packages.delete_group,
            "ListModelPackageGroups": lists(_PACKAGE_GROUPS, packages.groups),
            "CreateModelPackage": packages.create,
            "DescribeModelPackage": packages.describe,
            "UpdateModelPackage": packages.update,
            "DeleteModelPackage": packages.delete,
            "ListModelPackages": lambda request: page(
                _PACKAGES, packages.packages(request), request
            ),
        }


_TRAINING_JOBS = Listing(
    result="TrainingJobSummaries",
    summary="TrainingJobSummary",
    name="TrainingJobName",
    status="TrainingJobStatus",
)
_TRANSFORM_JOBS = Listing(
    result="TransformJobSummaries",
    summary="TransformJobSummary",
    name="TransformJobName",
    status="TransformJobStatus",
)
_MODELS = Listing(result="Models", summary="ModelSummary", name="ModelName")
_ENDPOINT_CONFIGS = Listing(
    result="EndpointConfigs", summary="EndpointConfigSummary", name="EndpointConfigName"
)
_ENDPOINTS = Listing(
    result="Endpoints", summary="EndpointSummary", name="EndpointName", status="EndpointStatus"
)
_PACKAGE_GROUPS = Listing(
    result="ModelPackageGroupSummaryList",
    summary="ModelPackageGroupSummary",
    name="ModelPackageGroupName",
)
_PACKAGES = Listing(
    result="ModelPackageSummaryList", summary="ModelPackageSummary", name="ModelPackageArn"
)
