"""The control plane's edge: protocol, roles, lists, tags, models and the registry."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.local.sagemaker.conftest import Room
from tests.unit.local.sagemaker.fakes import ACCOUNT, IMAGE, REGION, ROLE


def raw(room: Room, target: str, body: bytes) -> tuple[int, dict[str, Any]]:
    status, headers, content = asyncio.run(
        room.service.handle_request("POST", "/", {"x-amz-target": target}, body, {})
    )
    assert headers["Content-Type"] == "application/x-amz-json-1.1"
    return status, json.loads(content)


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_a_request_of_a_wrong_shape_gets_awss_validation_exception(room: Room) -> None:
    status, answer = raw(room, "SageMaker.CreateModel", b'{"ModelName": "a_b"}')
    assert status == 400
    assert answer["__type"] == "ValidationException"
    assert answer["message"].startswith(
        "1 validation error detected: Value 'a_b' at 'modelName' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: "
    )


@pytest.mark.parametrize(
    ("target", "body", "kind"),
    [
        ("SageMaker.CreateModel", b"{", "SerializationException"),
        ("SageMaker.CreateModel", b"[]", "SerializationException"),
        ("SageMaker.CreateCake", b"{}", "UnknownOperationException"),
        ("SageMaker.CreateDomain", b"{}", "InvalidAction"),
    ],
)
def test_what_cannot_be_read_or_is_not_offered(
    room: Room, target: str, body: bytes, kind: str
) -> None:
    status, answer = raw(room, target, body)
    assert status in (400, 404)
    assert answer["__type"] == kind


def test_a_role_that_the_caller_may_not_pass_is_refused(room: Room) -> None:
    room.passable = False
    for create in (
        lambda: room.sagemaker.create_training_job(**room.training_arguments()),
        lambda: room.model(),
    ):
        with pytest.raises(ClientError, match="iam:PassRole") as refused:
            create()
        assert code(refused) == "AccessDeniedException"
    with pytest.raises(ClientError, match="Could not find model"):
        room.sagemaker.describe_model(ModelName="m1")


def test_a_model_is_a_record_until_it_is_deleted(room: Room) -> None:
    room.model(TEAM="flowers")
    model = room.sagemaker.describe_model(ModelName="m1")
    assert model["PrimaryContainer"]["Environment"] == {"TEAM": "flowers"}
    assert model["ModelArn"] == f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model/m1"
    with pytest.raises(ClientError, match='Cannot create already existing model "arn:'):
        room.model()
    room.sagemaker.delete_model(ModelName="m1")
    with pytest.raises(ClientError, match='Could not find model "arn:') as refused:
        room.sagemaker.delete_model(ModelName="m1")
    assert code(refused) == "ValidationException"


@pytest.mark.parametrize(
    ("container", "message"),
    [
        ({"Image": IMAGE, "ModelDataUrl": "s3://data/none"}, "Could not find model data at s3://d"),
        ({"Image": IMAGE.replace(":abc", ":zzz")}, "Requested image .*:zzz not found"),
        ({"Image": IMAGE.replace("models", "other")}, "Requested image .*other:abc not found"),
        ({"Image": "python:3"}, "Using non-ECR image"),
        ({"ModelDataUrl": "s3://data/x"}, "You must specify an Image"),
    ],
)
def test_a_model_of_something_missing_is_refused(
    room: Room, container: dict[str, str], message: str
) -> None:
    with pytest.raises(ClientError, match=message):
        room.sagemaker.create_model(
            ModelName="m1", ExecutionRoleArn=ROLE, PrimaryContainer=container
        )


def test_a_role_without_pull_rights_is_named(room: Room) -> None:
    room.ecr.denied = True
    with pytest.raises(ClientError, match=r"cannot pull .* AccessDeniedException"):
        room.model()


def test_lists_filter_sort_and_page(room: Room) -> None:
    for name in ("m1", "m2", "other"):
        room.model(name)
    listed = room.sagemaker.list_models(NameContains="m", SortBy="Name", SortOrder="Ascending")
    assert [model["ModelName"] for model in listed["Models"]] == ["m1", "m2"]
    pages = room.sagemaker.get_paginator("list_models").paginate(PaginationConfig={"PageSize": 2})
    assert [[model["ModelName"] for model in page["Models"]] for page in pages] == [
        ["other", "m2"],
        ["m1"],
    ]
    with pytest.raises(ClientError, match="NextToken is invalid"):
        room.sagemaker.list_models(NextToken="?")


def test_jobs_are_listed_by_status(room: Room) -> None:
    room.sagemaker.create_training_job(**room.training_arguments("good"))
    room.sagemaker.create_training_job(**room.training_arguments("bad", mode="fail"))
    room.training_ends("good")
    room.training_ends("bad")
    listed = room.sagemaker.list_training_jobs(StatusEquals="Failed")["TrainingJobSummaries"]
    assert [job["TrainingJobName"] for job in listed] == ["bad"]
    assert "HyperParameters" not in listed[0]


def test_tags(room: Room) -> None:
    arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model/m1"
    room.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}])
    room.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "b", "Value": "2"}])
    room.sagemaker.delete_tags(ResourceArn=arn, TagKeys=["a"])
    assert room.sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "b", "Value": "2"}]


def test_the_registry_numbers_versions_and_keeps_approvals(room: Room) -> None:
    # Given a group with two versions
    client = room.sagemaker
    client.create_model_package_group(ModelPackageGroupName="Iris")
    first, second = (
        client.create_model_package(
            ModelPackageGroupName="Iris", CustomerMetadataProperties={"commit": commit}
        )["ModelPackageArn"]
        for commit in ("a", "b")
    )
    assert first.endswith(":model-package/iris/1")
    assert second.endswith(":model-package/iris/2")
    # When one is approved
    client.update_model_package(
        ModelPackageArn=second,
        ModelApprovalStatus="Approved",
        CustomerMetadataProperties={"accuracy": "1.0"},
    )
    # Then it is found by its approval, with all its properties
    found = client.list_model_packages(
        ModelPackageGroupName="Iris", ModelApprovalStatus="Approved"
    )["ModelPackageSummaryList"]
    assert [package["ModelPackageArn"] for package in found] == [second]
    package = client.describe_model_package(ModelPackageName=second)
    assert package["CustomerMetadataProperties"] == {"commit": "b", "accuracy": "1.0"}
    assert package["ModelPackageVersion"] == 2
    # And the group goes only when it is empty
    with pytest.raises(ClientError, match="not empty"):
        client.delete_model_package_group(ModelPackageGroupName="Iris")
    for arn in (first, second):
        client.delete_model_package(ModelPackageName=arn)
    client.delete_model_package_group(ModelPackageGroupName="Iris")
    with pytest.raises(ClientError, match="does not exist"):
        client.describe_model_package_group(ModelPackageGroupName="Iris")


def test_a_repeated_registration_makes_no_second_version(room: Room) -> None:
    client = room.sagemaker
    for group in ("Iris", "Other"):
        client.create_model_package_group(ModelPackageGroupName=group)

    def register(group: str = "Iris", execution: str = "a" * 36) -> str:
        answer = client.create_model_package(ModelPackageGroupName=group, ClientToken=execution)
        return str(answer["ModelPackageArn"])

    first = register()
    assert register() == first
    assert register(execution="b").endswith("/2")
    assert register("Other").endswith("/other/1")
    # A number is not given twice, and a deleted version is none any more
    client.delete_model_package(ModelPackageName=first)
    assert register().endswith("/iris/3")


def test_versions_are_listed_by_approval_order_and_page(room: Room) -> None:
    client = room.sagemaker
    client.create_model_package_group(ModelPackageGroupName="Iris")
    arns = [
        client.create_model_package(ModelPackageGroupName="Iris", ModelApprovalStatus=status)[
            "ModelPackageArn"
        ]
        for status in ("Approved", "Rejected", "Approved", "PendingManualApproval", "Approved")
    ]
    pages = client.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName="Iris",
        ModelApprovalStatus="Approved",
        SortBy="CreationTime",
        SortOrder="Descending",
        PaginationConfig={"PageSize": 2},
    )
    found = [
        [item["ModelPackageArn"] for item in page["ModelPackageSummaryList"]] for page in pages
    ]
    assert found == [[arns[4], arns[2]], [arns[0]]]
    first = client.list_model_packages(
        ModelPackageGroupName="Iris", SortOrder="Ascending", MaxResults=1
    )
    assert first["ModelPackageSummaryList"][0]["ModelPackageVersion"] == 1
    assert first["ModelPackageSummaryList"][0]["ModelApprovalStatus"] == "Approved"
    # Without a group AWS lists unversioned packages, unless told otherwise
    assert client.list_model_packages()["ModelPackageSummaryList"] == []
    versioned = client.list_model_packages(ModelPackageType="Versioned")
    assert len(versioned["ModelPackageSummaryList"]) == 5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"Tags": [{"Key": "a", "Value": "1"}]}, "has the tags of its model package group"),
        ({"ModelPackageName": "iris"}, "not both"),
        ({"ModelPackageGroupName": "None"}, "does not exist"),
        (
            {
                "InferenceSpecification": {
                    "Containers": [{"Image": "python:3"}],
                    "SupportedContentTypes": ["text/csv"],
                    "SupportedResponseMIMETypes": ["text/csv"],
                }
            },
            "non-ECR image",
        ),
        (
            {
                "InferenceSpecification": {
                    "Containers": [{"Image": IMAGE, "ModelDataUrl": "/model.tar.gz"}],
                    "SupportedContentTypes": ["text/csv"],
                    "SupportedResponseMIMETypes": ["text/csv"],
                }
            },
            "regular expression pattern",
        ),
        ({"CustomerMetadataProperties": {"k": "v" * 257}}, "less than or equal to 256"),
    ],
)
def test_versions_that_the_registry_refuses(
    room: Room, arguments: dict[str, Any], message: str
) -> None:
    room.sagemaker.create_model_package_group(ModelPackageGroupName="Iris")
    with pytest.raises(ClientError, match=message):
        room.sagemaker.create_model_package(**{"ModelPackageGroupName": "Iris", **arguments})


def test_a_version_keeps_at_most_fifty_properties(room: Room) -> None:
    client = room.sagemaker
    client.create_model_package_group(ModelPackageGroupName="Iris")
    arn = client.create_model_package(
        ModelPackageGroupName="Iris",
        CustomerMetadataProperties={f"k{index}": "v" for index in range(50)},
    )["ModelPackageArn"]
    with pytest.raises(ClientError, match="at most 50"):
        client.update_model_package(ModelPackageArn=arn, CustomerMetadataProperties={"more": "v"})
    client.update_model_package(
        ModelPackageArn=arn,
        ModelApprovalStatus="Rejected",
        ApprovalDescription="Too many words",
        CustomerMetadataProperties={"more": "v"},
        CustomerMetadataPropertiesToRemove=["k0"],
    )
    seen = client.describe_model_package(ModelPackageName=arn)
    assert (seen["ModelApprovalStatus"], seen["ApprovalDescription"]) == (
        "Rejected",
        "Too many words",
    )
    assert len(seen["CustomerMetadataProperties"]) == 50


def test_tags_go_with_their_resource(room: Room) -> None:
    room.model()
    arn = room.sagemaker.describe_model(ModelName="m1")["ModelArn"]
    room.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}])
    room.sagemaker.delete_model(ModelName="m1")
    room.model()
    assert room.sagemaker.list_tags(ResourceArn=arn)["Tags"] == []
