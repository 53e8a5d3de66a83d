"""What the data scientist's code may touch while it trains and while it serves."""

from collections.abc import Sequence

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from mlops_stacks.constructs.acknowledgment import acknowledge, acknowledge_prefix
from mlops_stacks.constructs.customer_key import KEY_USE
from mlops_stacks.constructs.data_store import (
    CAPTURED_PREFIX,
    CHECKPOINTS_PREFIX,
    MODELS_PREFIX,
    PREDICTIONS_PREFIX,
    TEST_PREFIX,
    TRAIN_PREFIX,
)
from mlops_stacks.constructs.endpoint_alarms import allow_alarm_reads
from mlops_stacks.constructs.other_places import SERVING, role_name
from mlops_stacks.settings import Settings


class SageMakerRole(Construct):
    """A role that SageMaker assumes to run the container.

    The permissions are the least of
    https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html, narrowed to prefixes,
    one repository and SageMaker's own log groups.

    Args:
        read: bucket prefixes that are read, each ending in a slash.
        write: bucket prefixes that are written, each ending in a slash.
        delete: those of them whose objects are also deleted.
        log_groups: the last parts of `/aws/sagemaker/<part>` that SageMaker logs to.
        name: the role's name, where another account's policies name it.

    Attributes:
        role: the role.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        description: str,
        bucket: s3.IBucket,
        key: kms.IKey,
        repository: ecr.IRepository,
        read: Sequence[str],
        write: Sequence[str],
        log_groups: Sequence[str],
        delete: Sequence[str] = (),
        name: str | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self.role = iam.Role(
            self,
            "Role",
            role_name=name,
            description=description,
            assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"),
        )
        self._allow(["s3:GetObject"], [bucket.arn_for_objects(f"{p}*") for p in read])
        self._allow(
            ["s3:ListBucket"],
            [bucket.bucket_arn],
            {"StringLike": {"s3:prefix": [f"{prefix}*" for prefix in read]}},
        )
        self._allow(
            ["s3:PutObject", "s3:AbortMultipartUpload"],
            [bucket.arn_for_objects(f"{prefix}*") for prefix in write],
        )
        if delete:
            self._allow(["s3:DeleteObject"], [bucket.arn_for_objects(f"{p}*") for p in delete])
        self._allow(KEY_USE, [key.key_arn])
        self._allow(
            [
                "ecr:BatchCheckLayerAvailability",
                "ecr:BatchGetImage",
                "ecr:GetDownloadUrlForLayer",
            ],
            [repository.repository_arn],
        )
        self._allow(["ecr:GetAuthorizationToken"], ["*"])
        self._allow(
            ["cloudwatch:PutMetricData"],
            ["*"],
            {"StringLike": {"cloudwatch:namespace": "/aws/sagemaker/*"}},
        )
        self._allow(
            [
                "logs:CreateLogGroup",
                "logs:CreateLogStream",
                "logs:DescribeLogStreams",
                "logs:PutLogEvents",
            ],
            [
                Stack.of(self).format_arn(
                    service="logs",
                    resource="log-group",
                    resource_name=f"/aws/sagemaker/{group}*",
                    arn_format=ArnFormat.COLON_RESOURCE_NAME,
                )
                for group in log_groups
            ],
        )
        acknowledge(
            self.role,
            finding="AwsSolutions-IAM5[Resource::*]",
            reason="ecr:GetAuthorizationToken and cloudwatch:PutMetricData have no resource to "
            "name; the metrics are limited to SageMaker's namespaces by a condition",
        )
        for group in log_groups:
            acknowledge(
                self.role,
                finding="AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:logs:<AWS::Region>"
                f":<AWS::AccountId>:log-group:/aws/sagemaker/{group}*]",
                reason="SageMaker names the log groups and streams of its jobs itself",
            )
        for prefix in dict.fromkeys((*read, *write)):
            acknowledge_prefix(self.role, bucket=bucket, prefix=prefix)

    def _allow(
        self,
        actions: Sequence[str],
        resources: Sequence[str],
        conditions: dict[str, object] | None = None,
    ) -> None:
        self.role.add_to_policy(
            iam.PolicyStatement(actions=actions, resources=resources, conditions=conditions)
        )


class SageMakerRoles(Construct):
    """One role for training, one for batch transform and endpoint.

    Args:
        alarms: the alarms that roll an update back: SageMaker reads them with the model's role.

    Attributes:
        training: reads `train/`, writes `models/`; on spot capacity, keeps `checkpoints/`. None
            where nothing is trained.
        serving: reads `models/` and `test/`, writes `predictions/` and what is `captured/`.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        bucket: s3.IBucket,
        key: kms.IKey,
        repository: ecr.IRepository,
        alarms: Sequence[cloudwatch.IAlarm],
    ) -> None:
        super().__init__(scope, construct_id)
        self.training: iam.Role | None = None
        if settings.trains:
            # https://docs.aws.amazon.com/sagemaker/latest/dg/model-checkpoints.html: what the
            # container deletes of its checkpoints is deleted in the bucket too.
            checkpoints = [CHECKPOINTS_PREFIX] if settings.training.spot else []
            self.training = SageMakerRole(
                self,
                "Training",
                description="Training jobs of the model",
                bucket=bucket,
                key=key,
                repository=repository,
                read=[TRAIN_PREFIX, *checkpoints],
                write=[MODELS_PREFIX, *checkpoints],
                delete=checkpoints,
                log_groups=["TrainingJobs"],
            ).role
        captured = [CAPTURED_PREFIX] if settings.endpoint.data_capture else []
        self.serving = SageMakerRole(
            self,
            "Serving",
            name=role_name(settings, SERVING),
            description="Batch transform jobs and the endpoint of the model",
            bucket=bucket,
            key=key,
            repository=repository,
            read=[MODELS_PREFIX, TEST_PREFIX],
            write=[PREDICTIONS_PREFIX, *captured],
            log_groups=["TransformJobs", "Endpoints"],
        ).role
        # https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-configuration.html
        if alarms:
            allow_alarm_reads(self.serving)
