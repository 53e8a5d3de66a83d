"""The functions around a model that serves: one tries it, one asks it, one tells people."""

from aws_cdk import Duration
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

from mlops_stacks.constructs.release_function import ReleaseFunction
from mlops_stacks.constructs.sagemaker_arn import sagemaker_arn
from mlops_stacks.constructs.what_serves import allow_look
from mlops_stacks.names import Names


class SmokeTest(ReleaseFunction):
    """Tries the endpoint with one held-out row."""

    def __init__(self, scope: Construct, construct_id: str, *, names: Names, log_days: int) -> None:
        super().__init__(
            scope,
            construct_id,
            folder="smoke_test",
            description="Tries the endpoint with one held-out row",
            log_days=log_days,
            environment={"ENDPOINT_NAME": names.endpoint},
            timeout=Duration.minutes(2),
        )
        self.allow(["sagemaker:InvokeEndpoint"], [sagemaker_arn(self, "endpoint", names.endpoint)])


class InvokeEndpoint(ReleaseFunction):
    """Behind the inference route; it looks at an endpoint that answers with an error."""

    def __init__(self, scope: Construct, construct_id: str, *, names: Names, log_days: int) -> None:
        super().__init__(
            scope,
            construct_id,
            folder="invoke_endpoint",
            description="The inference route",
            log_days=log_days,
            environment={"ENDPOINT_NAME": names.endpoint},
        )
        self.allow(
            ["sagemaker:DescribeEndpoint", "sagemaker:InvokeEndpoint"],
            [sagemaker_arn(self, "endpoint", names.endpoint)],
        )


class MailOutcome(ReleaseFunction):
    """Mails how a release has ended, and what serves after one that has failed."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: Names,
        topic: sns.ITopic,
        key: kms.IKey,
        inference_url: str,
        inference_access: str,
        log_days: int,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            folder="mail_outcome",
            description="Mails how a release has ended",
            log_days=log_days,
            environment={
                "NOTIFICATION_TOPIC_ARN": topic.topic_arn,
                "INFERENCE_URL": inference_url,
                "INFERENCE_ACCESS": inference_access,
            },
        )
        allow_look(self, names)
        self.allow(["sns:Publish"], [topic.topic_arn])
        self.allow_key(key)
