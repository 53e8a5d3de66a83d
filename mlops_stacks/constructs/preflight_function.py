"""The function that looks for what would stop a release, before anything is paid for."""

import json

from aws_cdk import Duration
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from constructs import Construct

from mlops_stacks.constructs.acknowledgment import (
    acknowledge,
    acknowledge_prefix,
    acknowledge_sagemaker,
)
from mlops_stacks.constructs.data_store import TEST_PREFIX, TRAIN_PREFIX
from mlops_stacks.constructs.release_function import ReleaseFunction
from mlops_stacks.constructs.sagemaker_arn import sagemaker_arn
from mlops_stacks.constructs.workflow.expressions import job_names
from mlops_stacks.settings import Settings


class Preflight(ReleaseFunction):
    """Looks at data, subscriptions, endpoint and quotas; it changes nothing."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        bucket: s3.IBucket,
        key: kms.IKey,
        topic: sns.ITopic,
    ) -> None:
        approval = settings.approval
        asked: dict[str, str] = {}
        if approval.approvals_required:
            asked = {
                "APPROVAL_TOPIC_ARN": topic.topic_arn,
                "APPROVERS": json.dumps(settings.notifications.approvers),
                "COMMITTER_MAY_APPROVE": json.dumps(approval.committer_may_approve),
            }
        super().__init__(
            scope,
            construct_id,
            folder="preflight",
            description="Looks for what would stop a release, before anything is paid for",
            log_days=settings.retention.log_days,
            environment={**asked, "APPROVALS_REQUIRED": str(approval.approvals_required)},
            # SageMaker's quotas are thousands, a hundred to a page.
            timeout=Duration.minutes(5),
        )
        data = [f"{TRAIN_PREFIX}*", f"{TEST_PREFIX}*"]
        self.allow(
            ["s3:ListBucket"],
            [bucket.bucket_arn],
            conditions={"StringLike": {"s3:prefix": data}},
        )
        self.allow(["s3:GetObject"], [bucket.arn_for_objects(prefix) for prefix in data])
        self.allow(["kms:Decrypt"], [key.key_arn])
        if asked:
            self.allow(["sns:ListSubscriptionsByTopic"], [topic.topic_arn])
        self.allow(
            ["sagemaker:DescribeEndpoint"],
            [sagemaker_arn(self, "endpoint", settings.names.endpoint)],
        )
        own = job_names(settings.names.model)
        self.allow(
            ["sagemaker:DescribeEndpointConfig"], [sagemaker_arn(self, "endpoint-config", own)]
        )
        acknowledge_sagemaker(self.role, resource="endpoint-config", name=own)
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_servicequotas.html
        self.allow(
            ["servicequotas:ListServiceQuotas", "servicequotas:ListAWSDefaultServiceQuotas"], ["*"]
        )
        for prefix in (TRAIN_PREFIX, TEST_PREFIX):
            acknowledge_prefix(self.role, bucket=bucket, prefix=prefix)
        acknowledge(
            self.role,
            finding="AwsSolutions-IAM5[Resource::*]",
            reason="Lists of quotas have no resource that a policy could name",
        )
