"""What each role of the stateless stack must be allowed, and what else would tempt."""

from __future__ import annotations

from tests.infrastructure.intrinsics import ACCOUNT, REGION

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
_ALARM = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm"
LOGS = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group"

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
_EVALUATION = _calls(
    ("s3:GetObject", f"{_BUCKET}/predictions/iris-1/iris.csv.out"),
    ("s3:ListBucket", _BUCKET, {"s3_prefix": "predictions/iris-1/"}),
    ("s3:PutObject", f"{_BUCKET}/predictions/iris-1/evaluation.json"),
    ("kms:Decrypt", _KEY),
    ("kms:GenerateDataKey", _KEY),
)
_LOOK = _calls(
    ("sagemaker:DescribeEndpoint", _ENDPOINT),
    ("sagemaker:DescribeEndpointConfig", f"{_SAGEMAKER}:endpoint-config/iris--1"),
    ("sagemaker:ListTags", f"{_SAGEMAKER}:endpoint-config/iris--1"),
)
_OWN_METRICS = _calls(
    ("cloudwatch:PutMetricData", "*", {"cloudwatch_namespace": "ModelRelease"}),
)
_FAILED_CALLS = _calls(
    ("sns:Publish", _OUTCOMES), ("kms:Decrypt", _KEY), ("kms:GenerateDataKey", _KEY)
)
_SCALING = {
    "application-autoscaling_service-namespace": "sagemaker",
    "application-autoscaling_scalable-dimension": "sagemaker:variant:DesiredInstanceCount",
}
_TARGET = f"arn:aws:application-autoscaling:{REGION}:{ACCOUNT}:scalable-target/0m5a1b2c3"
NEEDED: dict[str, list[Call]] = {
    "SageMakerTrainingRole": _IMAGE_PULL
    + _METRICS
    + _calls(
        ("s3:GetObject", f"{_BUCKET}/train/iris.csv"),
        ("s3:ListBucket", _BUCKET, {"s3_prefix": "train/"}),
        ("s3:PutObject", f"{_BUCKET}/models/iris-1/output/model.tar.gz"),
        ("s3:AbortMultipartUpload", f"{_BUCKET}/models/iris-1/output/model.tar.gz"),
        ("kms:Decrypt", _KEY),
        ("kms:GenerateDataKey", _KEY),
        ("logs:CreateLogStream", f"{LOGS}:/aws/sagemaker/TrainingJobs:log-stream:iris-1"),
        ("logs:PutLogEvents", f"{LOGS}:/aws/sagemaker/TrainingJobs:log-stream:iris-1"),
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
        ("logs:PutLogEvents", f"{LOGS}:/aws/sagemaker/TransformJobs:log-stream:iris-1"),
        ("logs:PutLogEvents", f"{LOGS}:/aws/sagemaker/Endpoints/iris:log-stream:AllTraffic"),
        # SageMaker reads the alarms of an update with the model's role.
        ("cloudwatch:DescribeAlarms", f"{_ALARM}:*"),
    ),
    "PlanEvaluationRole": _EVALUATION,
    "MeasurePartRole": _EVALUATION,
    "MergePartsRole": _EVALUATION,
    "InspectDataRole": _calls(
        ("s3:ListBucketVersions", _BUCKET, {"s3_prefix": "train/"}),
        ("s3:ListBucketVersions", _BUCKET, {"s3_prefix": "test/"}),
        ("s3:PutObject", f"{_BUCKET}/manifests/iris--1.json"),
        ("kms:Decrypt", _KEY),
        ("kms:GenerateDataKey", _KEY),
    ),
    "GatherEvidenceRole": _calls(
        ("sagemaker:DescribeTrainingJob", f"{_SAGEMAKER}:training-job/iris--1"),
        ("ecr:DescribeImages", _IMAGES),
        ("s3:GetObject", f"{_BUCKET}/predictions/iris-1/evaluation.json"),
        ("s3:GetObject", f"{_BUCKET}/predictions/iris-1/iris.csv.out"),
        ("kms:Decrypt", _KEY),
    ),
    "FindLiveRole": _LOOK
    + _calls(
        ("s3:GetObject", f"{_BUCKET}/predictions/iris-1/evaluation.json"),
        ("s3:GetObject", f"{_BUCKET}/predictions/iris-1/iris.csv.out"),
        ("kms:Decrypt", _KEY),
    ),
    "RegisterVersionRole": _OWN_METRICS
    + _calls(
        ("sagemaker:CreateModelPackage", f"{_SAGEMAKER}:model-package-group/iris"),
        ("sagemaker:CreateModelPackage", f"{_SAGEMAKER}:model-package/iris/7"),
        ("ecr:BatchGetImage", _IMAGES),
        ("ecr:DescribeImages", _IMAGES),
        ("s3:GetObject", f"{_BUCKET}/models/iris-1/output/model.tar.gz"),
        ("kms:Decrypt", _KEY),
    ),
    "FindVersionRole": _calls(
        ("sagemaker:DescribeModelPackage", f"{_SAGEMAKER}:model-package/iris/7"),
        ("s3:GetObject", f"{_BUCKET}/predictions/iris-1/evaluation.json"),
        ("s3:GetObject", f"{_BUCKET}/predictions/iris-1/iris.csv.out"),
        ("kms:Decrypt", _KEY),
    ),
    "RecordOutcomeRole": _OWN_METRICS
    + _FAILED_CALLS
    + _calls(
        ("sagemaker:ListModelPackages", "*"),
        ("sagemaker:DescribeModelPackage", f"{_SAGEMAKER}:model-package/iris/7"),
        ("sagemaker:UpdateModelPackage", f"{_SAGEMAKER}:model-package/iris/7"),
    ),
    "CleanUpRole": _FAILED_CALLS
    + _calls(
        ("sagemaker:ListEndpointConfigs", "*"),
        ("sagemaker:ListEndpoints", "*"),
        ("sagemaker:ListModelPackages", "*"),
        ("sagemaker:ListModels", "*"),
        ("sagemaker:DescribeEndpoint", _ENDPOINT),
        # An endpoint of another name may serve what a release has made.
        ("sagemaker:DescribeEndpoint", f"{_ENDPOINT}2"),
        ("sagemaker:DescribeEndpointConfig", f"{_SAGEMAKER}:endpoint-config/by-hand"),
        ("sagemaker:ListTags", f"{_SAGEMAKER}:endpoint-config/iris--1"),
        ("sagemaker:DeleteEndpointConfig", f"{_SAGEMAKER}:endpoint-config/iris--1"),
        ("sagemaker:DeleteModel", f"{_SAGEMAKER}:model/iris--1"),
        ("states:ListExecutions", _WORKFLOW),
    ),
    "TearDownRole": _calls(
        ("states:ListExecutions", _WORKFLOW),
        ("states:StopExecution", f"{_WORKFLOW.replace('stateMachine', 'execution')}:first"),
        ("sagemaker:ListModels", "*"),
        ("sagemaker:ListEndpointConfigs", "*"),
        ("sagemaker:DescribeEndpoint", _ENDPOINT),
        ("sagemaker:DeleteEndpoint", _ENDPOINT),
        ("sagemaker:DeleteEndpointConfig", f"{_SAGEMAKER}:endpoint-config/iris--1"),
        ("sagemaker:DeleteModel", f"{_SAGEMAKER}:model/iris--1"),
        ("application-autoscaling:DeregisterScalableTarget", _TARGET, _SCALING),
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
    "MailOutcomeRole": _FAILED_CALLS + _LOOK,
    "SmokeTestRole": _calls(("sagemaker:InvokeEndpoint", _ENDPOINT)),
    "InvokeEndpointRole": _calls(
        ("sagemaker:DescribeEndpoint", _ENDPOINT), ("sagemaker:InvokeEndpoint", _ENDPOINT)
    ),
}
# What a role of the neighbourhood needs or an attacker would want; denied unless needed above.
TEMPTING = _calls(
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
    ("logs:PutLogEvents", f"{LOGS}:/aws/lambda/other:log-stream:x"),
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
    ("states:StopExecution", f"{_WORKFLOW.replace('stateMachine', 'execution')}:first"),
    ("states:StopExecution", f"{_WORKFLOW.replace('stateMachine', 'execution')}2:first"),
    ("states:ListExecutions", _WORKFLOW),
    ("states:ListExecutions", f"{_WORKFLOW}2"),
    ("s3:PutObject", f"{_BUCKET}/captured/iris/AllTraffic/a.jsonl"),
    ("s3:GetObject", f"{_BUCKET}/captured/iris/AllTraffic/a.jsonl"),
    ("s3:GetObject", f"{_BUCKET}/checkpoints/iris--1/a"),
    ("s3:DeleteObject", f"{_BUCKET}/models/iris-1/output/model.tar.gz"),
    ("cloudwatch:DescribeAlarms", f"{_ALARM}:*"),
    ("cloudwatch:DeleteAlarms", f"{_ALARM}:EndpointAlarmsErrors3D88A810"),
    ("cloudwatch:PutMetricData", "*", {"cloudwatch_namespace": "ModelRelease"}),
    ("cloudwatch:PutMetricData", "*", {"cloudwatch_namespace": "ModelRelease2"}),
    ("sagemaker:CreateModelPackage", f"{_SAGEMAKER}:model-package-group/iris"),
    ("sagemaker:CreateModelPackage", f"{_SAGEMAKER}:model-package-group/iris-b"),
    ("sagemaker:CreateModelPackage", f"{_SAGEMAKER}:model-package/iris-b/1"),
    ("sagemaker:DescribeModelPackage", f"{_SAGEMAKER}:model-package/iris/7"),
    ("sagemaker:DescribeModelPackage", f"{_SAGEMAKER}:model-package/iris-b/1"),
    ("sagemaker:UpdateModelPackage", f"{_SAGEMAKER}:model-package/iris/7"),
    ("sagemaker:UpdateModelPackage", f"{_SAGEMAKER}:model-package/iris-b/1"),
    ("sagemaker:DeleteModelPackage", f"{_SAGEMAKER}:model-package/iris/7"),
    ("sagemaker:DeleteModelPackageGroup", f"{_SAGEMAKER}:model-package-group/iris"),
    ("sagemaker:DeleteEndpointConfig", f"{_SAGEMAKER}:endpoint-config/iris--1"),
    ("sagemaker:DeleteEndpointConfig", f"{_SAGEMAKER}:endpoint-config/iris-b--1"),
    ("sagemaker:DeleteModel", f"{_SAGEMAKER}:model/iris--1"),
    ("sagemaker:DeleteModel", f"{_SAGEMAKER}:model/iris-b--1"),
    ("sagemaker:DeleteEndpoint", f"{_ENDPOINT}2"),
    ("sagemaker:UpdateEndpoint", _ENDPOINT),
    ("application-autoscaling:DeregisterScalableTarget", _TARGET, _SCALING),
    ("application-autoscaling:RegisterScalableTarget", _TARGET, _SCALING),
    ("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/Administrator"),
    ("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/Administrator"),
    ("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:x"),
)
