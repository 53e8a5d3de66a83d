"""The function that starts releases because of new data, or because it is time."""

from aws_cdk import Duration
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from mlops_stacks.constructs.acknowledgment import acknowledge_sagemaker
from mlops_stacks.constructs.data_store import TRAIN_PREFIX
from mlops_stacks.constructs.model_registry import version_names
from mlops_stacks.constructs.registry_functions import VERSIONS_REASON
from mlops_stacks.constructs.release_function import ReleaseFunction
from mlops_stacks.constructs.sagemaker_arn import sagemaker_arn
from mlops_stacks.constructs.what_serves import allow_look
from mlops_stacks.settings import Settings

RETRAIN_TIMEOUT = Duration.minutes(2)


class Retrain(ReleaseFunction):
    """Looks at data, endpoint and running releases, and starts the workflow."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        bucket: s3.IBucket,
        state_machine: sfn.IStateMachine,
        queue: sqs.IQueue,
        key: kms.IKey,
    ) -> None:
        names = settings.names
        super().__init__(
            scope,
            construct_id,
            folder="retrain",
            description="Starts a release because of new data, or because it is time",
            log_days=settings.retention.log_days,
            environment={
                "DATA_BUCKET": bucket.bucket_name,
                "TRAIN_PREFIX": TRAIN_PREFIX,
                "ENDPOINT_NAME": names.endpoint,
                "STATE_MACHINE_ARN": state_machine.state_machine_arn,
                "SKIP_UNCHANGED": str(settings.training.skip_unchanged).lower(),
            },
            timeout=RETRAIN_TIMEOUT,
            memory_mib=256,
        )
        allow_look(self, names)
        versions = version_names(names.model_package_group)
        self.allow(
            ["sagemaker:DescribeModelPackage"], [sagemaker_arn(self, "model-package", versions)]
        )
        acknowledge_sagemaker(
            self.role, resource="model-package", name=versions, reason=VERSIONS_REASON
        )
        self.allow(
            ["s3:ListBucketVersions"],
            [bucket.bucket_arn],
            conditions={"StringEquals": {"s3:prefix": TRAIN_PREFIX}},
        )
        self.allow(
            ["states:ListExecutions", "states:StartExecution"], [state_machine.state_machine_arn]
        )
        # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
        self.allow(
            ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"],
            [queue.queue_arn],
        )
        self.allow(["kms:Decrypt"], [key.key_arn])
