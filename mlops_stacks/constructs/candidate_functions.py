"""The functions that look at a candidate: its data, what it is to replace, what speaks for it."""

import json

from aws_cdk import Duration
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from mlops_stacks.constructs.acknowledgment import acknowledge_prefix, acknowledge_sagemaker
from mlops_stacks.constructs.data_store import (
    MANIFESTS_PREFIX,
    PREDICTIONS_PREFIX,
    TEST_PREFIX,
    TRAIN_PREFIX,
)
from mlops_stacks.constructs.other_places import GATHER_EVIDENCE, role_name
from mlops_stacks.constructs.release_function import ReleaseFunction
from mlops_stacks.constructs.sagemaker_arn import sagemaker_arn
from mlops_stacks.constructs.what_serves import allow_look
from mlops_stacks.constructs.workflow.expressions import job_names
from mlops_stacks.names import Names
from mlops_stacks.settings import Settings


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


class FindLive(ReleaseFunction):
    """Says what serves, and whether it was tested on the candidate's held-out data."""

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
            folder="find_live",
            description="The model that serves while a candidate is assessed",
            log_days=log_days,
            timeout=Duration.minutes(1),
        )
        allow_look(self, names)
        self.allow(["s3:GetObject"], [bucket.arn_for_objects(f"{PREDICTIONS_PREFIX}*")])
        self.allow_key(key)
        acknowledge_prefix(self.role, bucket=bucket, prefix=PREDICTIONS_PREFIX)


class GatherEvidence(ReleaseFunction):
    """Reads what SageMaker and ECR know of the candidate, compares, and judges by the limits."""

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
            folder="gather_evidence",
            description="What an approver is shown of a candidate and of the live model",
            log_days=settings.retention.log_days,
            environment={"GATE": json.dumps(settings.gate.to_json(settings.model.task))},
            timeout=Duration.minutes(2),
            role_name=role_name(settings, GATHER_EVIDENCE),
        )
        if settings.trains:
            jobs = job_names(settings.names.model)
            training_jobs = sagemaker_arn(self, "training-job", jobs)
            self.allow(["sagemaker:DescribeTrainingJob"], [training_jobs])
            acknowledge_sagemaker(self.role, resource="training-job", name=jobs)
        self.allow(["ecr:DescribeImages"], [repository.repository_arn])
        self.allow(["s3:GetObject"], [bucket.arn_for_objects(f"{PREDICTIONS_PREFIX}*")])
        self.allow_key(key)
        acknowledge_prefix(self.role, bucket=bucket, prefix=PREDICTIONS_PREFIX)
