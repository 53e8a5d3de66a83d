"""What each role of the stateless stack must be allowed."""

from __future__ import annotations

from tests.infrastructure.role_resources import (
    ALARM,
    APPROVALS,
    BUCKET,
    ENDPOINT,
    IMAGES,
    KEY,
    LINK_KEY,
    LOGS,
    OUTCOMES,
    SAGEMAKER,
    SCALING,
    STREAM,
    TABLE,
    TARGET,
    WORKFLOW,
    Call,
    calls,
)

_IMAGE_PULL = calls(
    ("ecr:BatchCheckLayerAvailability", IMAGES),
    ("ecr:BatchGetImage", IMAGES),
    ("ecr:GetAuthorizationToken", "*"),
    ("ecr:GetDownloadUrlForLayer", IMAGES),
)
_METRICS = calls(
    ("cloudwatch:PutMetricData", "*", {"cloudwatch_namespace": "/aws/sagemaker/Endpoints"})
)
_EVALUATION = calls(
    ("s3:GetObject", f"{BUCKET}/predictions/iris-1/iris.csv.out"),
    ("s3:ListBucket", BUCKET, {"s3_prefix": "predictions/iris-1/"}),
    ("s3:PutObject", f"{BUCKET}/predictions/iris-1/evaluation.json"),
    ("kms:Decrypt", KEY),
    ("kms:GenerateDataKey", KEY),
)
_LOOK = calls(
    ("sagemaker:DescribeEndpoint", ENDPOINT),
    ("sagemaker:DescribeEndpointConfig", f"{SAGEMAKER}:endpoint-config/iris--1"),
    ("sagemaker:ListTags", f"{SAGEMAKER}:endpoint-config/iris--1"),
)
_OWN_METRICS = calls(
    ("cloudwatch:PutMetricData", "*", {"cloudwatch_namespace": "ModelRelease"}),
)
_FAILED_CALLS = calls(("sns:Publish", OUTCOMES), ("kms:Decrypt", KEY), ("kms:GenerateDataKey", KEY))
NEEDED: dict[str, list[Call]] = {
    "SageMakerTrainingRole": _IMAGE_PULL
    + _METRICS
    + calls(
        ("s3:GetObject", f"{BUCKET}/train/iris.csv"),
        ("s3:ListBucket", BUCKET, {"s3_prefix": "train/"}),
        ("s3:PutObject", f"{BUCKET}/models/iris-1/output/model.tar.gz"),
        ("s3:AbortMultipartUpload", f"{BUCKET}/models/iris-1/output/model.tar.gz"),
        ("kms:Decrypt", KEY),
        ("kms:GenerateDataKey", KEY),
        ("logs:CreateLogStream", f"{LOGS}:/aws/sagemaker/TrainingJobs:log-stream:iris-1"),
        ("logs:PutLogEvents", f"{LOGS}:/aws/sagemaker/TrainingJobs:log-stream:iris-1"),
    ),
    "SageMakerServingRole": _IMAGE_PULL
    + _METRICS
    + calls(
        ("s3:GetObject", f"{BUCKET}/models/iris-1/output/model.tar.gz"),
        ("s3:GetObject", f"{BUCKET}/test/iris.csv"),
        ("s3:ListBucket", BUCKET, {"s3_prefix": "test/"}),
        ("s3:ListBucket", BUCKET, {"s3_prefix": "models/"}),
        ("s3:PutObject", f"{BUCKET}/predictions/iris-1/iris.csv.out"),
        # SageMaker names its outputs after the inputs: no part of the prefix can be left out.
        ("s3:PutObject", f"{BUCKET}/predictions/iris-1/evaluation.json"),
        ("kms:Decrypt", KEY),
        ("kms:GenerateDataKey", KEY),
        ("logs:PutLogEvents", f"{LOGS}:/aws/sagemaker/TransformJobs:log-stream:iris-1"),
        ("logs:PutLogEvents", f"{LOGS}:/aws/sagemaker/Endpoints/iris:log-stream:AllTraffic"),
        # SageMaker reads the alarms of an update with the model's role.
        ("cloudwatch:DescribeAlarms", f"{ALARM}:*"),
    ),
    "PlanEvaluationRole": _EVALUATION,
    "MeasurePartRole": _EVALUATION,
    "MergePartsRole": _EVALUATION,
    "InspectDataRole": calls(
        ("s3:ListBucketVersions", BUCKET, {"s3_prefix": "train/"}),
        ("s3:ListBucketVersions", BUCKET, {"s3_prefix": "test/"}),
        ("s3:PutObject", f"{BUCKET}/manifests/iris--1.json"),
        ("kms:Decrypt", KEY),
        ("kms:GenerateDataKey", KEY),
    ),
    "PreflightRole": calls(
        ("s3:ListBucket", BUCKET, {"s3_prefix": "train/"}),
        ("s3:ListBucket", BUCKET, {"s3_prefix": "test/"}),
        ("s3:GetObject", f"{BUCKET}/train/iris.csv"),
        ("s3:GetObject", f"{BUCKET}/test/iris.csv"),
        ("kms:Decrypt", KEY),
        ("sns:ListSubscriptionsByTopic", APPROVALS),
        ("sagemaker:DescribeEndpoint", ENDPOINT),
        ("sagemaker:DescribeEndpointConfig", f"{SAGEMAKER}:endpoint-config/iris--1"),
        ("servicequotas:ListServiceQuotas", "*"),
        ("servicequotas:ListAWSDefaultServiceQuotas", "*"),
    ),
    "FindTrainingRole": calls(
        ("sagemaker:ListModelPackages", "*"),
        ("sagemaker:DescribeModelPackage", f"{SAGEMAKER}:model-package/iris/7"),
        ("ecr:DescribeImages", IMAGES),
        ("s3:ListBucket", BUCKET, {"s3_prefix": "models/"}),
        ("s3:ListBucket", BUCKET, {"s3_prefix": "models/iris-1/output/model.tar.gz"}),
    ),
    "GatherEvidenceRole": calls(
        ("sagemaker:DescribeTrainingJob", f"{SAGEMAKER}:training-job/iris--1"),
        ("ecr:DescribeImages", IMAGES),
        ("s3:GetObject", f"{BUCKET}/predictions/iris-1/evaluation.json"),
        ("s3:GetObject", f"{BUCKET}/predictions/iris-1/iris.csv.out"),
        ("kms:Decrypt", KEY),
    ),
    "FindLiveRole": _LOOK
    + calls(
        ("s3:GetObject", f"{BUCKET}/predictions/iris-1/evaluation.json"),
        ("s3:GetObject", f"{BUCKET}/predictions/iris-1/iris.csv.out"),
        ("kms:Decrypt", KEY),
    ),
    "RegisterVersionRole": _OWN_METRICS
    + calls(
        ("sagemaker:CreateModelPackage", f"{SAGEMAKER}:model-package-group/iris"),
        ("sagemaker:CreateModelPackage", f"{SAGEMAKER}:model-package/iris/7"),
        ("ecr:BatchGetImage", IMAGES),
        ("ecr:DescribeImages", IMAGES),
        ("s3:GetObject", f"{BUCKET}/models/iris-1/output/model.tar.gz"),
        ("kms:Decrypt", KEY),
    ),
    "FindVersionRole": calls(
        ("sagemaker:DescribeModelPackage", f"{SAGEMAKER}:model-package/iris/7"),
        ("s3:GetObject", f"{BUCKET}/predictions/iris-1/evaluation.json"),
        ("s3:GetObject", f"{BUCKET}/predictions/iris-1/iris.csv.out"),
        ("kms:Decrypt", KEY),
    ),
    "RecordOutcomeRole": _OWN_METRICS
    + _FAILED_CALLS
    + calls(
        ("sagemaker:ListModelPackages", "*"),
        ("sagemaker:DescribeModelPackage", f"{SAGEMAKER}:model-package/iris/7"),
        ("sagemaker:UpdateModelPackage", f"{SAGEMAKER}:model-package/iris/7"),
    ),
    "CleanUpRole": _FAILED_CALLS
    + calls(
        ("sagemaker:ListEndpointConfigs", "*"),
        ("sagemaker:ListEndpoints", "*"),
        ("sagemaker:ListModelPackages", "*"),
        ("sagemaker:ListModels", "*"),
        ("sagemaker:DescribeEndpoint", ENDPOINT),
        # An endpoint of another name may serve what a release has made.
        ("sagemaker:DescribeEndpoint", f"{ENDPOINT}2"),
        ("sagemaker:DescribeEndpointConfig", f"{SAGEMAKER}:endpoint-config/by-hand"),
        ("sagemaker:ListTags", f"{SAGEMAKER}:endpoint-config/iris--1"),
        ("sagemaker:DeleteEndpointConfig", f"{SAGEMAKER}:endpoint-config/iris--1"),
        ("sagemaker:DeleteModel", f"{SAGEMAKER}:model/iris--1"),
        ("states:ListExecutions", WORKFLOW),
    ),
    "TearDownRole": calls(
        ("states:ListExecutions", WORKFLOW),
        ("states:StopExecution", f"{WORKFLOW.replace('stateMachine', 'execution')}:first"),
        ("sagemaker:ListModels", "*"),
        ("sagemaker:ListEndpointConfigs", "*"),
        ("sagemaker:DescribeEndpoint", ENDPOINT),
        ("sagemaker:DeleteEndpoint", ENDPOINT),
        ("sagemaker:DeleteEndpointConfig", f"{SAGEMAKER}:endpoint-config/iris--1"),
        ("sagemaker:DeleteModel", f"{SAGEMAKER}:model/iris--1"),
        ("application-autoscaling:DeregisterScalableTarget", TARGET, SCALING),
    ),
    "AskApprovalRole": calls(
        ("dynamodb:GetItem", TABLE),
        ("dynamodb:PutItem", TABLE),
        ("dynamodb:UpdateItem", TABLE),
        ("kms:GenerateMac", LINK_KEY),
        ("sns:ListSubscriptionsByTopic", APPROVALS),
        ("sns:Publish", APPROVALS),
        ("kms:Decrypt", KEY),
        ("kms:GenerateDataKey", KEY),
    ),
    "AnswerApprovalRole": calls(
        ("dynamodb:GetItem", TABLE),
        ("dynamodb:UpdateItem", TABLE),
        ("kms:VerifyMac", LINK_KEY),
        ("s3:GetObject", f"{BUCKET}/predictions/iris-1/iris.csv.out"),
        ("kms:Decrypt", KEY),
    ),
    "CloseApprovalRole": calls(
        ("dynamodb:GetItem", TABLE), ("dynamodb:UpdateItem", TABLE), ("kms:Decrypt", KEY)
    ),
    "TellWorkflowRole": calls(
        ("dynamodb:DescribeStream", STREAM),
        ("dynamodb:GetRecords", STREAM),
        ("dynamodb:GetShardIterator", STREAM),
        ("dynamodb:ListStreams", f"{TABLE}/stream/*"),
        ("dynamodb:GetItem", TABLE),
        ("dynamodb:UpdateItem", TABLE),
        ("states:SendTaskSuccess", WORKFLOW),
        ("sns:Publish", OUTCOMES),
        ("kms:Decrypt", KEY),
        ("kms:GenerateDataKey", KEY),
    ),
    "MailOutcomeRole": _FAILED_CALLS + _LOOK,
    "SmokeTestRole": calls(("sagemaker:InvokeEndpoint", ENDPOINT)),
    "InvokeEndpointRole": calls(
        ("sagemaker:DescribeEndpoint", ENDPOINT), ("sagemaker:InvokeEndpoint", ENDPOINT)
    ),
}
