"""What MiniStack lacks, registered from outside: SageMaker, scaling, API links, resources."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from ministack.services.cloudformation import provisioners  # type: ignore[import-untyped]

from local.cloud.accounts import Accounts
from local.cloud.json_services import Call, offer
from local.sagemaker.authorization import resource_arns
from local.sagemaker.json_protocol import Response
from local.sagemaker.scaling import SERVICE

API_PATH = "/_aws/execute-api/"


def add_sagemaker(accounts: Accounts) -> None:
    """Route SageMaker's control plane and runtime to the account's, with IAM before it."""

    def resources(call: Call) -> list[str]:
        named = call.arguments
        if call.path.startswith("/endpoints/"):
            named = {"EndpointName": call.path.split("/")[2]}
        place = {"region": call.region, "account_id": call.account_id}
        return resource_arns(call.operation, named, **place)

    def answer(call: Call) -> Awaitable[Response]:
        request = (call.method, call.path, call.headers, call.body, call.query)
        return accounts.sagemaker().handle_request(*request)

    offer("sagemaker", targets="SageMaker.", resources=resources, answer=answer)


def add_scaling(accounts: Accounts) -> None:
    """Route Application Auto Scaling to the account's, with IAM before it.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsapplicationautoscaling.html
    """

    def resources(call: Call) -> list[str]:
        if call.operation.startswith("Describe"):
            return ["*"]
        return [f"arn:aws:{SERVICE}:{call.region}:{call.account_id}:scalable-target/local"]

    def context(call: Call) -> dict[str, str]:
        return {
            f"{SERVICE}:service-namespace": call.arguments.get("ServiceNamespace", ""),
            f"{SERVICE}:scalable-dimension": call.arguments.get("ScalableDimension", ""),
        }

    offer(
        SERVICE,
        targets="AnyScaleFrontendService.",
        resources=resources,
        # It only looks at records, and blocks nobody.
        answer=lambda call: accounts.sagemaker().scaling.answer(call.operation, call.body),
        context=context,
    )


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
