"""The resources that the tests of roles name, and how they write a call down."""

from __future__ import annotations

from tests.infrastructure.intrinsics import ACCOUNT, REGION

BUCKET = "arn:aws:s3:::databuckete6b0faa8"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/CustomerKeyA9FF30A4"
LINK_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/LinkKeyA6C2E162"
IMAGES = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/iris"
TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/ApprovalsTable8722BC13"
STREAM = f"{TABLE}/stream/2026-11-22T14:00:00.000"
APPROVALS = f"arn:aws:sns:{REGION}:{ACCOUNT}:MailApprovalsBE428168"
OUTCOMES = f"arn:aws:sns:{REGION}:{ACCOUNT}:MailOutcomes87337B1C"
SAGEMAKER = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"
ENDPOINT = f"{SAGEMAKER}:endpoint/iris"
WORKFLOW = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:iris-release"
ALARM = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm"
LOGS = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group"
SCALING = {
    "application-autoscaling_service-namespace": "sagemaker",
    "application-autoscaling_scalable-dimension": "sagemaker:variant:DesiredInstanceCount",
}
TARGET = f"arn:aws:application-autoscaling:{REGION}:{ACCOUNT}:scalable-target/0m5a1b2c3"

# (action, resource, condition keys)
Call = tuple[str, str, dict[str, str]]


def calls(*told: tuple[str, str] | Call) -> list[Call]:
    """Calls, each with its condition keys, which may be left out."""
    return [(call[0], call[1], call[2] if len(call) == 3 else {}) for call in told]
