"""Where training data comes from and where models, predictions and reports go."""

from typing import cast

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

TRAIN_PREFIX = "train/"
TEST_PREFIX = "test/"
MODELS_PREFIX = "models/"
PREDICTIONS_PREFIX = "predictions/"
MANIFESTS_PREFIX = "manifests/"
CAPTURED_PREFIX = "captured/"
CHECKPOINTS_PREFIX = "checkpoints/"
OFFERS_PREFIX = "offers/"

# A job that is over needs none; an interrupted one goes on within the time that it may wait.
_CHECKPOINT_LIFE = Duration.days(14)


class DataStore(Construct):
    """The data bucket with its access log bucket.

    Objects are versioned, encrypted with the customer key and reachable over TLS only.

    Args:
        name: the data bucket's name; CloudFormation finds one if none is given.
        sends_events: whether EventBridge hears of objects that come and go.

    Attributes:
        bucket: `train/*.csv` and `test/*.csv` go in; `models/`, `predictions/`, `manifests/`
            (which data a release was made from) and, if they are set, `checkpoints/` of spot
            training and `captured/` requests come out.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        key: kms.IKey,
        removal_policy: RemovalPolicy,
        name: str | None = None,
        sends_events: bool = False,
    ) -> None:
        super().__init__(scope, construct_id)
        emptied = removal_policy == RemovalPolicy.DESTROY
        access_logs = s3.Bucket(
            self,
            "AccessLogs",
            # S3 delivers access logs only to buckets with S3-managed keys:
            # https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            lifecycle_rules=[s3.LifecycleRule(expiration=Duration.days(365))],
            removal_policy=removal_policy,
            auto_delete_objects=emptied,
        )
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            bucket_name=name,
            encryption=s3.BucketEncryption.KMS,
            encryption_key=key,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            versioned=True,
            server_access_logs_bucket=access_logs,
            lifecycle_rules=[
                s3.LifecycleRule(
                    abort_incomplete_multipart_upload_after=Duration.days(7),
                    noncurrent_version_expiration=Duration.days(365),
                ),
                s3.LifecycleRule(prefix=CHECKPOINTS_PREFIX, expiration=_CHECKPOINT_LIFE),
            ],
            removal_policy=removal_policy,
            auto_delete_objects=emptied,
        )
        if sends_events:
            # The CDK's own way is a custom resource with a role that may do so to every bucket.
            events = s3.CfnBucket.EventBridgeConfigurationProperty(event_bridge_enabled=True)
            resource = cast(s3.CfnBucket, self.bucket.node.default_child)
            resource.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
                event_bridge_configuration=events
            )
