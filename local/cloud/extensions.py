"""What MiniStack lacks, registered from outside: SageMaker, scaling, API links, resources."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ministack import app  # type: ignore[import-untyped]
from ministack.core import router  # type: ignore[import-untyped]
from ministack.core.responses import get_account_id  # type: ignore[import-untyped]
from ministack.services.cloudformation import provisioners  # type: ignore[import-untyped]

from local.cloud.accounts import Accounts
from local.sagemaker.authorization import action, operation_of, resource_arns
from local.sagemaker.scaling import SERVICE

Response = tuple[int, dict[str, str], bytes]

API_PATH = "/_aws/execute-api/"


def add_sagemaker(accounts: Accounts) -> None:
    """Route SageMaker's control plane and runtime to the account's, with IAM before it."""

    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Response:
        operation = operation_of(path, headers.get("x-amz-target", ""))
        region = router.extract_region(headers, query)
        arns = resource_arns(
            operation, _named(path, body), region=region, account_id=get_account_id()
        )
        for arn in arns:
            refusal: Response | None = app._enforce_data_plane(
                "sagemaker", action(operation), headers, query, "", resource_arn=arn
            )
            if refusal is not None:
                return refusal
        return await accounts.sagemaker().handle_request(method, path, headers, body, query)

    app.SERVICE_HANDLERS["sagemaker"] = handle
    router.SERVICE_PATTERNS["sagemaker"] = {"target_prefixes": ["SageMaker."]}


def add_scaling(accounts: Accounts) -> None:
    """Route Application Auto Scaling to the account's, with IAM before it.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsapplicationautoscaling.html
    """

    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Response:
        del method
        operation = operation_of(path, headers.get("x-amz-target", ""))
        region = router.extract_region(headers, query)
        arguments = _named("", body)
        on_target = not operation.startswith("Describe")
        refusal: Response | None = app._enforce_data_plane(
            SERVICE,
            f"{SERVICE}:{operation}",
            headers,
            query,
            "",
            resource_arn=f"arn:aws:{SERVICE}:{region}:{get_account_id()}:scalable-target/local"
            if on_target
            else "*",
            service_context={
                f"{SERVICE}:service-namespace": arguments.get("ServiceNamespace", ""),
                f"{SERVICE}:scalable-dimension": arguments.get("ScalableDimension", ""),
            },
        )
        if refusal is not None:
            return refusal
        # It only looks at records, and blocks nobody.
        return accounts.sagemaker().scaling.answer(operation, body)

    app.SERVICE_HANDLERS[SERVICE] = handle
    router.SERVICE_PATTERNS[SERVICE] = {"target_prefixes": ["AnyScaleFrontendService."]}


def _named(path: str, body: bytes) -> Mapping[str, Any]:
    if path.startswith("/endpoints/"):
        return {"EndpointName": path.split("/")[2]}
    try:
        arguments = json.loads(body or b"{}")
    except ValueError:
        return {}  # The service answers what is wrong with it.
    return arguments if isinstance(arguments, dict) else {}


def keep_model_package_groups(accounts: Accounts) -> None:
    """Offer the CloudFormation resource AWS::SageMaker::ModelPackageGroup.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sagemaker-modelpackagegroup.html
    """
    members = ("ModelPackageGroupName", "ModelPackageGroupDescription", "Tags")

    def attributes(arn: str) -> dict[str, Any]:
        group = accounts.sagemaker().packages.describe_group({"ModelPackageGroupName": arn})
        return {
            "ModelPackageGroupArn": arn,
            "ModelPackageGroupStatus": group["ModelPackageGroupStatus"],
            "CreationTime": str(group["CreationTime"]),
        }

    def create(logical_id: str, properties: Any, stack_name: str) -> Any:
        del logical_id, stack_name
        request = {name: properties[name] for name in members if name in properties}
        arn = accounts.sagemaker().call("CreateModelPackageGroup", request, {})[
            "ModelPackageGroupArn"
        ]
        return arn, attributes(arn)

    def update(physical_id: str, old: Any, new: Any, stack_name: str) -> Any:
        del stack_name
        if old.get(members[0]) != new.get(members[0]):
            raise ValueError("The local cloud cannot rename a model package group.")
        service = accounts.sagemaker()
        service.packages.update_group(physical_id, description=new.get(members[1]))
        tags = {"ResourceArn": physical_id}
        service.tags.delete({**tags, "TagKeys": [tag["Key"] for tag in old.get("Tags", [])]})
        service.tags.add({**tags, "Tags": new.get("Tags", [])})
        return physical_id, attributes(physical_id)

    def delete(physical_id: str, properties: Any) -> None:
        del properties
        accounts.sagemaker().packages.delete_group({"ModelPackageGroupName": physical_id})

    provisioners._RESOURCE_HANDLERS["AWS::SageMaker::ModelPackageGroup"] = {
        "create": create,
        "update": update,
        "delete": delete,
    }


def link_apis_to(site_url: str) -> None:
    """Give HTTP APIs an address that every client can reach.

    `<id>.execute-api.localhost` resolves in browsers only, and behind a certificate that they
    do not trust; the path form on the public site works everywhere.
    """
    handlers = provisioners._RESOURCE_HANDLERS["AWS::ApiGatewayV2::Api"]
    original = handlers["create"]

    def create(logical_id: str, properties: Any, stack_name: str) -> Any:
        api_id, attributes = original(logical_id, properties, stack_name)
        url = f"{site_url}{API_PATH}{api_id}"
        provisioners._apigw_v2._apis[api_id]["apiEndpoint"] = url
        return api_id, {**attributes, "ApiEndpoint": url}

    handlers["create"] = create


def empty_buckets_with_their_stack() -> None:
    """Let `auto_delete_objects` buckets go with their stack.

    The CDK's custom resource for it is a Node function with a package that MiniStack does not
    bring, and MiniStack would wait for its answer for ever. Its CloudFormation deletes a bucket
    with everything in it anyway.
    """

    def create(logical_id: str, properties: Any, stack_name: str) -> Any:
        del properties
        return f"{stack_name}-{logical_id}", {}

    def delete(physical_id: str, properties: Any) -> None:
        del physical_id, properties

    provisioners._RESOURCE_HANDLERS["Custom::S3AutoDeleteObjects"] = {
        "create": create,
        "delete": delete,
    }
