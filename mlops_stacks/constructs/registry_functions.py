"""The functions that write a candidate into the registry, and read a version back."""

from aws_cdk import Duration
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from mlops_stacks.constructs.acknowledgment import (
    acknowledge,
    acknowledge_prefix,
    acknowledge_sagemaker,
)
from mlops_stacks.constructs.data_store import MODELS_PREFIX, PREDICTIONS_PREFIX
from mlops_stacks.constructs.model_registry import version_names
from mlops_stacks.constructs.other_places import REGISTER_VERSION, role_name
from mlops_stacks.constructs.release_function import ReleaseFunction
from mlops_stacks.constructs.release_metrics import NAMESPACE
from mlops_stacks.constructs.sagemaker_arn import sagemaker_arn
from mlops_stacks.names import Names
from mlops_stacks.settings import Settings

VERSIONS_REASON = "Each candidate is a version of the model's own group, numbered by SageMaker"


def allow_metrics(function: ReleaseFunction) -> None:
    """Let a function write the project's own metrics; the caller acknowledges the `*`."""
    function.allow(
        ["cloudwatch:PutMetricData"],
        ["*"],
        conditions={"StringEquals": {"cloudwatch:namespace": NAMESPACE}},
    )


class RegisterVersion(ReleaseFunction):
    """Makes each candidate a version, whatever becomes of it.

    The registry looks at image and artifact with its caller's permissions, as
    https://docs.aws.amazon.com/sagemaker/latest/dg/security-iam-awsmanpol-model-registry.html has
    them.
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
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            folder="register_version",
            description="Makes a candidate a version in the registry",
            log_days=settings.retention.log_days,
            role_name=role_name(settings, REGISTER_VERSION),
            timeout=Duration.minutes(1),
            memory_mib=256,
        )
        group = settings.names.model_package_group
        versions = version_names(group)
        self.allow(
            ["sagemaker:CreateModelPackage"],
            [
                sagemaker_arn(self, "model-package-group", group),
                sagemaker_arn(self, "model-package", versions),
            ],
        )
        self.allow(["ecr:BatchGetImage", "ecr:DescribeImages"], [repository.repository_arn])
        self.allow(["s3:GetObject"], [bucket.arn_for_objects(f"{MODELS_PREFIX}*")])
        self.allow_key(key)
        allow_metrics(self)
        acknowledge_prefix(self.role, bucket=bucket, prefix=MODELS_PREFIX)
        acknowledge_sagemaker(
            self.role, resource="model-package", name=versions, reason=VERSIONS_REASON
        )
        acknowledge(
            self.role,
            finding="AwsSolutions-IAM5[Resource::*]",
            reason="Metrics have no resource to name; a condition limits the namespace",
        )


class FindVersion(ReleaseFunction):
    """Looks an approved version up that is to be put back."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: Names,
        bucket: s3.IBucket,
        key: kms.IKey,
        log_days: int,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            folder="find_version",
            description="Looks up an approved version that is to be put back",
            log_days=log_days,
            timeout=Duration.minutes(1),
        )
        versions = version_names(names.model_package_group)
        self.allow(
            ["sagemaker:DescribeModelPackage"], [sagemaker_arn(self, "model-package", versions)]
        )
        self.allow(["s3:GetObject"], [bucket.arn_for_objects(f"{PREDICTIONS_PREFIX}*")])
        self.allow_key(key)
        acknowledge_sagemaker(
            self.role, resource="model-package", name=versions, reason=VERSIONS_REASON
        )
        acknowledge_prefix(self.role, bucket=bucket, prefix=PREDICTIONS_PREFIX)


class FindTraining(ReleaseFunction):
    """Looks for a version that was trained from the same image, data and settings."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: Names,
        bucket: s3.IBucket,
        repository: ecr.IRepository,
        log_days: int,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            folder="find_training",
            description="Looks for a version that was trained from the same",
            log_days=log_days,
            timeout=Duration.minutes(2),
        )
        versions = version_names(names.model_package_group)
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html
        self.allow(["sagemaker:ListModelPackages"], ["*"])
        self.allow(
            ["sagemaker:DescribeModelPackage"], [sagemaker_arn(self, "model-package", versions)]
        )
        self.allow(["ecr:DescribeImages"], [repository.repository_arn])
        # To see that an artifact is there; what is in it is none of this function's business.
        self.allow(
            ["s3:ListBucket"],
            [bucket.bucket_arn],
            conditions={"StringLike": {"s3:prefix": [f"{MODELS_PREFIX}*"]}},
        )
        acknowledge_sagemaker(
            self.role, resource="model-package", name=versions, reason=VERSIONS_REASON
        )
        acknowledge(
            self.role,
            finding="AwsSolutions-IAM5[Resource::*]",
            reason="SageMaker's lists have no resource that a policy could name",
        )
