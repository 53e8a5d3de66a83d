"""The functions that look at a candidate: its data, its predictions, what speaks for it."""

from aws_cdk import Duration, Stack
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from mlops_stacks.constructs.acknowledgment import acknowledge, acknowledge_prefix
from mlops_stacks.constructs.data_store import (
    MANIFESTS_PREFIX,
    PREDICTIONS_PREFIX,
    TEST_PREFIX,
    TRAIN_PREFIX,
)
from mlops_stacks.constructs.release_function import ReleaseFunction
from mlops_stacks.constructs.workflow.expressions import job_names
from mlops_stacks.names import Names


class InspectData(ReleaseFunction):
    """Names the version of the data: lists it, without reading it, and keeps the list."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        bucket: s3.IBucket,
        key: kms.IKey,
        log_days: int,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            folder="inspect_data",
            description="The version of the data that a release is made from",
            log_days=log_days,
            timeout=Duration.minutes(5),
        )
        data = [f"{TRAIN_PREFIX}*", f"{TEST_PREFIX}*"]
        self.allow(
            ["s3:ListBucketVersions"],
            [bucket.bucket_arn],
            conditions={"StringLike": {"s3:prefix": data}},
        )
        self.allow(["s3:PutObject"], [bucket.arn_for_objects(f"{MANIFESTS_PREFIX}*")])
        self.allow_key(key)
        acknowledge_prefix(self.role, bucket=bucket, prefix=MANIFESTS_PREFIX)


class EvaluatePredictions(ReleaseFunction):
    """Reads the predictions as a stream and writes the report beside them."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        bucket: s3.IBucket,
        key: kms.IKey,
        log_days: int,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            folder="evaluate_predictions",
            description="Metrics of a candidate on held-out data",
            log_days=log_days,
            timeout=Duration.minutes(15),
            memory_mib=1024,
        )
        predictions = f"{PREDICTIONS_PREFIX}*"
        self.allow(["s3:GetObject", "s3:PutObject"], [bucket.arn_for_objects(predictions)])
        self.allow(
            ["s3:ListBucket"],
            [bucket.bucket_arn],
            conditions={"StringLike": {"s3:prefix": predictions}},
        )
        self.allow_key(key)
        acknowledge_prefix(self.role, bucket=bucket, prefix=PREDICTIONS_PREFIX)


class GatherEvidence(ReleaseFunction):
    """Reads what SageMaker and ECR know of the candidate, and the report of the live model."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: Names,
        bucket: s3.IBucket,
        key: kms.IKey,
        repository: ecr.IRepository,
        log_days: int,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            folder="gather_evidence",
            description="What an approver is shown of a candidate and of the live model",
            log_days=log_days,
            timeout=Duration.minutes(2),
        )
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html
        own = job_names(names.model)
        for resource, name, verbs in (
            ("training-job", own, ["DescribeTrainingJob"]),
            ("endpoint", names.endpoint, ["DescribeEndpoint"]),
            ("endpoint-config", own, ["DescribeEndpointConfig", "ListTags"]),
        ):
            arn = Stack.of(self).format_arn(
                service="sagemaker", resource=resource, resource_name=name
            )
            self.allow([f"sagemaker:{verb}" for verb in verbs], [arn])
        self.allow(["ecr:DescribeImages"], [repository.repository_arn])
        self.allow(["s3:GetObject"], [bucket.arn_for_objects(f"{PREDICTIONS_PREFIX}*")])
        self.allow_key(key)
        for resource in ("training-job", "endpoint-config"):
            acknowledge(
                self.role,
                finding="AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:sagemaker:<AWS::Region>"
                f":<AWS::AccountId>:{resource}/{own}]",
                reason="Each release makes new ones, named after the model",
            )
        acknowledge_prefix(self.role, bucket=bucket, prefix=PREDICTIONS_PREFIX)
