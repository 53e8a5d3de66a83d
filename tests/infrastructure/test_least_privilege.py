"""No wildcard where a resource has a name, nothing tied to one partition, account or secret."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.infrastructure.synthesis import VARIANTS, Synthesis, synthesized

_NAMELESS = {
    # Actions without a resource type in the Service Authorization Reference:
    # https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html
    "ecr:GetAuthorizationToken": "a token is for the whole registry",
    "inspector2:ListCoverage": "a list of the account",
    "inspector2:ListFindings": "a list of the account",
    "cloudwatch:PutMetricData": "metrics have no ARN; a condition limits the namespace",
    "sagemaker:ListEndpointConfigs": "a list of the account",
    "sagemaker:ListEndpoints": "a list of the account",
    "sagemaker:ListModelPackages": "a list of the account; the request names the group",
    "sagemaker:ListModels": "a list of the account",
    "servicequotas:ListAWSDefaultServiceQuotas": "a list of AWS's own",
    "servicequotas:ListServiceQuotas": "a list of the account",
    "logs:CreateLogDelivery": "log deliveries have no ARN",
    "logs:DeleteLogDelivery": "log deliveries have no ARN",
    "logs:GetLogDelivery": "log deliveries have no ARN",
    "logs:ListLogDeliveries": "log deliveries have no ARN",
    "logs:UpdateLogDelivery": "log deliveries have no ARN",
    "logs:DescribeLogGroups": "Step Functions asks for * when it checks the role",
    "logs:DescribeResourcePolicies": "resource policies of CloudWatch Logs have no ARN",
    "logs:PutResourcePolicy": "resource policies of CloudWatch Logs have no ARN",
    "xray:GetSamplingRules": "X-Ray has no resource to name",
    "xray:GetSamplingTargets": "X-Ray has no resource to name",
    "xray:PutTelemetryRecords": "X-Ray has no resource to name",
    "xray:PutTraceSegments": "X-Ray has no resource to name",
}
# Written by aws_cdk.pipelines, which offers no way to narrow them; by the role's logical id.
_OF_THE_CDK = {
    "ReleasePipelineUpdatePipelineSelfMutationRole": {
        "cloudformation:DescribeStacks": "`cdk deploy` looks for the bootstrap stack",
        "s3:ListBucket": "`cdk deploy` looks for the bootstrap bucket",
    },
    "ReleasePipelineAssetsFileRole": {
        "codebuild:BatchGetBuilds": "the CDK shares the role among asset projects",
        "codebuild:StartBuild": "the CDK shares the role among asset projects",
        "codebuild:StopBuild": "the CDK shares the role among asset projects",
    },
}


def _listed(value: Any) -> list[Any]:  # noqa: ANN401 - JSON
    return value if isinstance(value, list) else [value]


def _statements(synthesis: Synthesis) -> Iterator[tuple[str, dict[str, Any]]]:
    for policy in synthesis.resources("AWS::IAM::Policy").values():
        for role in policy["Properties"]["Roles"]:
            for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
                yield role["Ref"], statement


@pytest.mark.parametrize("variant", VARIANTS)
def test_only_actions_without_a_resource_are_allowed_on_everything(variant: str) -> None:
    wide = []
    for role, statement in _statements(synthesized(variant)):
        of_the_cdk = next((v for k, v in _OF_THE_CDK.items() if role.startswith(k)), {})
        if "*" in _listed(statement["Resource"]):
            wide += [
                f"{role}: {action}"
                for action in _listed(statement["Action"])
                if action not in _NAMELESS and action not in of_the_cdk
            ]

    assert wide == []


def test_every_exception_is_still_needed() -> None:
    used = {
        action
        for variant in VARIANTS
        for _, statement in _statements(synthesized(variant))
        if "*" in _listed(statement["Resource"])
        for action in _listed(statement["Action"])
    }

    excepted = set(_NAMELESS).union(*_OF_THE_CDK.values())
    assert excepted - used == set()


@pytest.mark.parametrize("variant", VARIANTS)
def test_our_own_roles_name_each_action(variant: str) -> None:
    wild = [
        f"{role}: {action}"
        for role, statement in _statements(synthesized(variant))
        if not role.startswith("ReleasePipeline")  # aws_cdk.pipelines writes those
        for action in _listed(statement["Action"])
        if "*" in action
    ]

    assert wild == []


def test_metrics_are_limited_to_the_namespaces_of_sagemaker_and_of_the_project(
    shipped: Synthesis,
) -> None:
    conditions = {
        role[:-8]: statement.get("Condition")
        for role, statement in _statements(shipped)
        if "cloudwatch:PutMetricData" in _listed(statement["Action"])
    }

    of_sagemaker = {"StringLike": {"cloudwatch:namespace": "/aws/sagemaker/*"}}
    our_own = {"StringEquals": {"cloudwatch:namespace": "ModelRelease"}}
    assert conditions == {
        "SageMakerTrainingRole": of_sagemaker,
        "SageMakerServingRole": of_sagemaker,
        "RegisterVersionRole": our_own,
        "RecordOutcomeRole": our_own,
    }


@pytest.mark.parametrize("variant", VARIANTS)
def test_no_template_is_tied_to_a_partition_or_an_account(variant: str) -> None:
    synthesis = synthesized(variant)
    text = json.dumps(synthesis.templates)
    # The connection is the user's own, and its ARN is a setting.
    text = re.sub(r"arn:aws:codeconnections:[^\"\\]*", "", text)
    # A service-linked role's path is the service's name, which is the same in every partition.
    text = text.replace("/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/", "")

    assert "arn:aws" not in text
    assert re.findall(r"(?<![0-9a-f])\d{12}(?![0-9a-f])", text) == []
    assert "amazonaws.com" not in re.sub(r"(?<=\")[a-z0-9.-]+\.amazonaws\.com(?=\")", "", text)


@pytest.mark.parametrize("variant", VARIANTS)
def test_no_template_holds_a_secret(variant: str) -> None:
    text = json.dumps(synthesized(variant).templates)

    for pattern in (
        r"AKIA[0-9A-Z]{16}",  # an access key
        r"-----BEGIN",  # a private key
        r"gh[pousr]_[A-Za-z0-9]{36}",  # a token of GitHub
        r"(?i)\"[a-z]*(password|secret|oauthtoken)[a-z]*\"\s*:",
    ):
        assert re.findall(pattern, text) == []


def test_stacks_are_bound_to_no_account_or_region(shipped: Synthesis) -> None:
    for stack in shipped.stacks.values():
        assert stack.environment == "aws://unknown-account/unknown-region"
