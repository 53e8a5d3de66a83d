"""The resources that IAM is asked about."""

from __future__ import annotations

import pytest

from local.sagemaker.authorization import operation_of, resource_arns

BASE = "arn:aws:sagemaker:eu-central-1:123456789012"


@pytest.mark.parametrize(
    ("operation", "arguments", "expected"),
    [
        ("CreateTrainingJob", {"TrainingJobName": "Job-A"}, [f"{BASE}:training-job/job-a"]),
        (
            "CreateTransformJob",
            {"TransformJobName": "T", "ModelName": "m"},
            [f"{BASE}:transform-job/t"],
        ),
        ("CreateModel", {"ModelName": "m"}, [f"{BASE}:model/m"]),
        (
            "CreateEndpoint",
            {"EndpointName": "E", "EndpointConfigName": "C"},
            [f"{BASE}:endpoint/e", f"{BASE}:endpoint-config/c"],
        ),
        (
            "UpdateEndpoint",
            {"EndpointName": "E", "EndpointConfigName": "C"},
            [f"{BASE}:endpoint/e", f"{BASE}:endpoint-config/c"],
        ),
        ("InvokeEndpoint", {"EndpointName": "E"}, [f"{BASE}:endpoint/e"]),
        ("AddTags", {"ResourceArn": f"{BASE}:model/x"}, [f"{BASE}:model/x"]),
        ("ListTags", {"ResourceArn": f"{BASE}:model/x"}, [f"{BASE}:model/x"]),
        ("ListModels", {"NameContains": "x"}, ["*"]),
        (
            "CreateModelPackage",
            {"ModelPackageGroupName": "G"},
            [f"{BASE}:model-package-group/g"],
        ),
        ("CreateModel", {}, ["*"]),
    ],
)
def test_arns(operation: str, arguments: dict[str, str], expected: list[str]) -> None:
    found = resource_arns(operation, arguments, region="eu-central-1", account_id="123456789012")
    assert found == expected


def test_operation_of_a_request() -> None:
    assert operation_of("/endpoints/e/invocations", "") == "InvokeEndpoint"
    assert operation_of("/", "SageMaker.CreateModel") == "CreateModel"
