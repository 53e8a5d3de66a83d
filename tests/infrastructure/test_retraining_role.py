"""What the function that starts releases may touch, decided by an IAM evaluator."""

from __future__ import annotations

import pytest

from tests.infrastructure.intrinsics import ACCOUNT, REGION
from tests.infrastructure.policies import Role, role
from tests.infrastructure.role_resources import Call
from tests.infrastructure.synthesis import Synthesis
from tests.infrastructure.tempting_calls import TEMPTING

_SAGEMAKER = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"
_WORKFLOW = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:iris-release"
_BUCKET = "arn:aws:s3:::databuckete6b0faa8"
_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/CustomerKeyA9FF30A4"
_QUEUES = f"arn:aws:sqs:{REGION}:{ACCOUNT}"
_QUEUE = f"{_QUEUES}:RetrainingQueue015B7BEA"
_NEEDED: list[Call] = [
    ("sagemaker:DescribeEndpoint", f"{_SAGEMAKER}:endpoint/iris", {}),
    ("sagemaker:DescribeEndpointConfig", f"{_SAGEMAKER}:endpoint-config/iris--1", {}),
    ("sagemaker:ListTags", f"{_SAGEMAKER}:endpoint-config/iris--1", {}),
    ("sagemaker:DescribeModelPackage", f"{_SAGEMAKER}:model-package/iris/7", {}),
    ("s3:ListBucketVersions", _BUCKET, {"s3_prefix": "train/"}),
    ("states:ListExecutions", _WORKFLOW, {}),
    ("states:StartExecution", _WORKFLOW, {}),
    ("sqs:ReceiveMessage", _QUEUE, {}),
    ("sqs:DeleteMessage", _QUEUE, {}),
    ("sqs:GetQueueAttributes", _QUEUE, {}),
    ("kms:Decrypt", _KEY, {}),
]
_TEMPTING: list[Call] = [
    ("s3:ListBucketVersions", _BUCKET, {"s3_prefix": ""}),
    ("s3:ListBucketVersions", _BUCKET, {"s3_prefix": "test/"}),
    ("s3:GetObject", f"{_BUCKET}/train/iris.csv", {}),
    ("states:StartExecution", f"{_WORKFLOW}2", {}),
    ("sqs:SendMessage", _QUEUE, {}),
    ("sqs:PurgeQueue", _QUEUE, {}),
    ("sqs:ReceiveMessage", f"{_QUEUES}:RetrainingGivenUp6AFE3C5B", {}),
    *(call for call in TEMPTING if call not in _NEEDED),
]


@pytest.fixture(scope="module")
def retrain(closed: Synthesis) -> Role:
    """The function's role."""
    return role(closed, "RetrainingFunctionRole")


@pytest.mark.parametrize("call", _NEEDED, ids=lambda call: call[0])
def test_it_may_do_what_its_code_does(retrain: Role, call: Call) -> None:
    assert retrain.trusts == "lambda.amazonaws.com"
    assert retrain.allows(call[0], call[1], **call[2])


def test_it_may_do_nothing_else_that_tempts(retrain: Role) -> None:
    assert [call for call in _TEMPTING if retrain.allows(call[0], call[1], **call[2])] == []
