"""What the data scientist's code and each function may touch, decided by an IAM evaluator."""

from __future__ import annotations

import pytest

from tests.infrastructure.intrinsics import ACCOUNT, REGION
from tests.infrastructure.policies import Role, role, roles
from tests.infrastructure.synthesis import Synthesis

_BUCKET = "arn:aws:s3:::databuckete6b0faa8"
_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/CustomerKeyA9FF30A4"
_LINK_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/LinkKeyA6C2E162"
_IMAGES = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/iris"
_TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/ApprovalsTable8722BC13"
_STREAM = f"{_TABLE}/stream/2026-11-22T14:00:00.000"
_APPROVALS = f"arn:aws:sns:{REGION}:{ACCOUNT}:MailApprovalsBE428168"
_OUTCOMES = f"arn:aws:sns:{REGION}:{ACCOUNT}:MailOutcomes87337B1C"
_SAGEMAKER = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"
_ENDPOINT = f"{_SAGEMAKER}:endpoint/iris"
_WORKFLOW = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:iris-release"
_LOGS = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group"

# (action, resource, condition keys)
Call = tuple[str, str, dict[str, str]]


def _calls(*calls: tuple[str, str] | Call) -> list[Call]:
    return [(call[0], call[1], call[2] if len(call) == 3 else {}) for call in calls]


_IMAGE_PULL = _calls(
    ("ecr:BatchCheckLayerAvailability", _IMAGES),
    ("ecr:BatchGetImage", _IMAGES),
    ("ecr:GetAuthorizationToken", "*"),
    ("ecr:GetDownloadUrlForLayer", _IMAGES),
)
_METRICS = _calls(
    ("cloudwatch:PutMetricData", "*", {"cloudwatch_namespace": "/aws/sagemaker/Endpoints"})
)
_NEEDED: dict[str, list[Call]] = {
    "SageMakerTrainingRole": _IMAGE_PULL
    + _METRICS
    + _calls(
        ("s3:GetObject", f"{_BUCKET}/train/iris.csv"),
        ("s3:ListBucket", _BUCKET, {"s3_prefix": "train/"}),
        ("s3:PutObject", f"{_BUCKET}/models/iris-1/output/model.tar.gz"),
        ("s3:AbortMultipartUpload", f"{_BUCKET}/models/iris-1/output/model.tar.gz"),
        ("kms:Decrypt", _KEY),
        ("kms:GenerateDataKey", _KEY),
        ("logs:CreateLogStream", f"{_LOGS}:/aws/sagemaker/TrainingJobs:log-stream:iris-1"),
        ("logs:PutLogEvents", f"{_LOGS}:/aws/sagemaker/TrainingJobs:log-stream:iris-1"),
    ),
    "SageMakerServingRole": _IMAGE_PULL
    + _METRICS
    + _calls(
        ("s3:GetObject", f"{_BUCKET}/models/iris-1/output/model.tar.gz"),
        ("s3:GetObject", f"{_BUCKET}/test/iris.csv"),
        ("s3:ListBucket", _BUCKET, {"s3_prefix": "test/"}),
        ("s3:PutObject", f"{_BUCKET}/predictions/iris-1/iris.csv.out"),
        # SageMaker names its outputs after the inputs: no part of the prefix can be left out.
        ("s3:PutObject", f"{_BUCKET}/predictions/iris-1/evaluation.json"),
        ("kms:Decrypt", _KEY),
        ("kms:GenerateDataKey", _KEY),
        ("logs:PutLogEvents", f"{_LOGS}:/aws/sagemaker/TransformJobs:log-stream:iris-1"),
        ("logs:PutLogEvents", f"{_LOGS}:/aws/sagemaker/Endpoints/iris:log-stream:AllTraffic"),
    ),
    "EvaluatePredictionsRole": _calls(
        ("s3:GetObject", f"{_BUCKET}/predictions/iris-1/iris.csv.out"),
        ("s3:ListBucket", _BUCKET, {"s3_prefix": "predictions/iris-1/"}),
        ("s3:PutObject", f"{_BUCKET}/predictions/iris-1/evaluation.json"),
        ("kms:Decrypt", _KEY),
        ("kms:GenerateDataKey", _KEY),
    ),
    "InspectDataRole": _calls(
        ("s3:ListBucketVersions", _BUCKET, {"s3_prefix": "train/"}),
        ("s3:ListBucketVersions", _BUCKET, {"s3_prefix": "test/"}),
        ("s3:PutObject", f"{_BUCKET}/manifests/iris--1.json"),
        ("kms:Decrypt", _KEY),
        ("kms:GenerateDataKey", _KEY),
    ),
    "GatherEvidenceRole": _calls(
        ("sagemaker:DescribeTrainingJob", f"{_SAGEMAKER}:training-job/iris--1"),
        ("sagemaker:DescribeEndpoint", _ENDPOINT),
        ("sagemaker:DescribeEndpointConfig", f"{_SAGEMAKER}:endpoint-config/iris--1"),
        ("sagemaker:ListTags", f"{_SAGEMAKER}:endpoint-config/iris--1"),
        ("ecr:DescribeImages", _IMAGES),
        ("s3:GetObject", f"{_BUCKET}/predictions/iris-1/evaluation.json"),
        ("s3:GetObject", f"{_BUCKET}/predictions/iris-1/iris.csv.out"),
        ("kms:Decrypt", _KEY),
    ),
    "AskApprovalRole": _calls(
        ("dynamodb:GetItem", _TABLE),
        ("dynamodb:PutItem", _TABLE),
        ("dynamodb:UpdateItem", _TABLE),
        ("kms:GenerateMac", _LINK_KEY),
        ("sns:ListSubscriptionsByTopic", _APPROVALS),
        ("sns:Publish", _APPROVALS),
        ("kms:Decrypt", _KEY),
        ("kms:GenerateDataKey", _KEY),
    ),
    "AnswerApprovalRole": _calls(
        ("dynamodb:GetItem", _TABLE),
        ("dynamodb:UpdateItem", _TABLE),
        ("kms:VerifyMac", _LINK_KEY),
        ("s3:GetObject", f"{_BUCKET}/predictions/iris-1/iris.csv.out"),
        ("kms:Decrypt", _KEY),
    ),
    "CloseApprovalRole": _calls(
        ("dynamodb:GetItem", _TABLE), ("dynamodb:UpdateItem", _TABLE), ("kms:Decrypt", _KEY)
    ),
    "TellWorkflowRole": _calls(
        ("dynamodb:DescribeStream", _STREAM),
        ("dynamodb:GetRecords", _STREAM),
        ("dynamodb:GetShardIterator", _STREAM),
        ("dynamodb:ListStreams", f"{_TABLE}/stream/*"),
        ("dynamodb:GetItem", _TABLE),
        ("dynamodb:UpdateItem", _TABLE),
        ("states:SendTaskSuccess", _WORKFLOW),
        ("sns:Publish", _OUTCOMES),
        ("kms:Decrypt", _KEY),
        ("kms:GenerateDataKey", _KEY),
    ),
    "MailOutcomeRole": _calls(
        ("sns:Publish", _OUTCOMES), ("kms:Decrypt", _KEY), ("kms:GenerateDataKey", _KEY)
    ),
    "SmokeTestRole": _calls(("sagemaker:InvokeEndpoint", _ENDPOINT)),
    "InvokeEndpointRole": _calls(("sagemaker:InvokeEndpoint", _ENDPOINT)),
}
# What a role of the neighbourhood needs or an attacker would want; denied unless needed above.
_TEMPTING = _calls(
    ("s3:GetObject", f"{_BUCKET}/train/iris.csv"),
    ("s3:GetObject", f"{_BUCKET}/test/iris.csv"),
    ("s3:GetObject", f"{_BUCKET}/models/iris-1/output/model.tar.gz"),
    ("s3:GetObject", f"{_BUCKET}/predictions/iris-1/iris.csv.out"),
    ("s3:GetObject", f"{_BUCKET}/private/salaries.csv"),
    ("s3:GetObject", f"{_BUCKET}/training-secrets/x"),
    ("s3:GetObject", "arn:aws:s3:::someone-else/train/iris.csv"),
    ("s3:PutObject", f"{_BUCKET}/train/iris.csv"),
    ("s3:PutObject", f"{_BUCKET}/test/iris.csv"),
    ("s3:PutObject", f"{_BUCKET}/models/iris-1/output/model.tar.gz"),
    ("s3:PutObject", f"{_BUCKET}/predictions/iris-1/evaluation.json"),
    ("s3:DeleteObject", f"{_BUCKET}/train/iris.csv"),
    ("s3:ListBucket", _BUCKET),
    ("s3:ListBucket", _BUCKET, {"s3_prefix": ""}),
    ("s3:ListBucket", _BUCKET, {"s3_prefix": "private/"}),
    ("s3:ListBucketVersions", _BUCKET),
    ("s3:ListBucketVersions", _BUCKET, {"s3_prefix": ""}),
    ("s3:ListBucketVersions", _BUCKET, {"s3_prefix": "train/"}),
    ("s3:ListBucketVersions", _BUCKET, {"s3_prefix": "predictions/"}),
    ("s3:GetObjectVersion", f"{_BUCKET}/train/iris.csv"),
    ("s3:GetObject", f"{_BUCKET}/manifests/iris--1.json"),
    ("s3:PutObject", f"{_BUCKET}/manifests/iris--1.json"),
    ("s3:PutBucketPolicy", _BUCKET),
    ("kms:Decrypt", f"arn:aws:kms:{REGION}:{ACCOUNT}:key/other"),
    ("kms:ScheduleKeyDeletion", _KEY),
    ("kms:GenerateMac", _LINK_KEY),
    ("kms:VerifyMac", _LINK_KEY),
    ("kms:GenerateMac", _KEY),
    ("kms:Decrypt", _LINK_KEY),
    ("ecr:PutImage", _IMAGES),
    ("ecr:BatchGetImage", f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/iris-private"),
    ("cloudwatch:PutMetricData", "*", {"cloudwatch_namespace": "Billing"}),
    ("logs:PutLogEvents", f"{_LOGS}:/aws/lambda/other:log-stream:x"),
    ("dynamodb:GetItem", _TABLE),
    ("dynamodb:PutItem", _TABLE),
    ("dynamodb:UpdateItem", _TABLE),
    ("dynamodb:DeleteItem", _TABLE),
    ("dynamodb:Scan", _TABLE),
    ("dynamodb:GetRecords", _STREAM),
    ("dynamodb:ListStreams", f"{_TABLE}/stream/*"),
    ("dynamodb:ListStreams", "*"),
    ("dynamodb:GetRecords", f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/other/stream/1"),
    ("dynamodb:UpdateTable", _TABLE),
    ("dynamodb:GetItem", f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/other"),
    ("dynamodb:UpdateItem", f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/other"),
    ("sns:Publish", _APPROVALS),
    ("sns:Publish", _OUTCOMES),
    ("sns:Publish", f"arn:aws:sns:{REGION}:{ACCOUNT}:other"),
    ("sns:Subscribe", _APPROVALS),
    ("sns:ListSubscriptionsByTopic", _OUTCOMES),
    ("sns:SetSubscriptionAttributes", _APPROVALS),
    ("sagemaker:InvokeEndpoint", _ENDPOINT),
    ("sagemaker:InvokeEndpoint", f"{_ENDPOINT}2"),
    ("sagemaker:InvokeEndpoint", f"{_SAGEMAKER}:endpoint/other"),
    ("sagemaker:DeleteEndpoint", _ENDPOINT),
    ("sagemaker:DescribeEndpoint", f"{_ENDPOINT}2"),
    ("sagemaker:DescribeTrainingJob", f"{_SAGEMAKER}:training-job/iris-b--1"),
    ("sagemaker:ListTags", f"{_SAGEMAKER}:endpoint-config/iris-b--1"),
    ("sagemaker:AddTags", f"{_SAGEMAKER}:endpoint-config/iris--1"),
    ("ecr:DescribeImages", f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/iris-private"),
    ("sagemaker:CreateTrainingJob", f"{_SAGEMAKER}:training-job/iris--1"),
    ("states:SendTaskSuccess", _WORKFLOW),
    ("states:SendTaskSuccess", f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:other"),
    ("states:SendTaskFailure", _WORKFLOW),
    ("states:SendTaskHeartbeat", _WORKFLOW),
    ("states:StartExecution", _WORKFLOW),
    ("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/Administrator"),
    ("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/Administrator"),
    ("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:x"),
)


def _allowed(one: Role, calls: list[Call]) -> list[Call]:
    return [call for call in calls if one.allows(call[0], call[1], **call[2])]


def _trust(prefix: str) -> str:
    return "sagemaker.amazonaws.com" if prefix.startswith("SageMaker") else "lambda.amazonaws.com"


def test_every_role_of_the_stack_is_judged_here(shipped: Synthesis) -> None:
    judged = {*_NEEDED, "WorkflowPermissionsRole"}  # the workflow's has a file of its own

    assert {name[:-8] for name in roles(shipped, stack="release")} == judged


@pytest.mark.parametrize("prefix", _NEEDED)
def test_each_role_may_do_what_its_code_does(shipped: Synthesis, prefix: str) -> None:
    assert _allowed(role(shipped, prefix), _NEEDED[prefix]) == _NEEDED[prefix]


@pytest.mark.parametrize("prefix", _NEEDED)
def test_each_role_may_do_nothing_else_that_tempts(shipped: Synthesis, prefix: str) -> None:
    tempting = [call for call in _TEMPTING if call not in _NEEDED[prefix]]

    assert _allowed(role(shipped, prefix), tempting) == []


@pytest.mark.parametrize("prefix", _NEEDED)
def test_each_role_is_assumed_by_its_service_only(shipped: Synthesis, prefix: str) -> None:
    assert role(shipped, prefix).trusts == _trust(prefix)


@pytest.mark.parametrize("prefix", [name for name in _NEEDED if not name.startswith("SageMaker")])
def test_each_function_writes_its_own_log_only(shipped: Synthesis, prefix: str) -> None:
    one = role(shipped, prefix)
    groups = [
        name
        for name in shipped.resources("AWS::Logs::LogGroup", stack="release")
        if one.allows("logs:PutLogEvents", f"{_LOGS}:{name}:log-stream:x")
    ]

    assert [name[:-8] for name in groups] == [prefix.removesuffix("Role") + "Logs"]
    assert not one.allows("logs:CreateLogGroup", f"{_LOGS}:{groups[0]}")
