"""The functions that hand a released model from the first environment to the next ones."""

from aws_cdk import Duration, Stack
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from mlops_stacks.constructs.acknowledgment import acknowledge, acknowledge_prefix
from mlops_stacks.constructs.data_store import MODELS_PREFIX, OFFERS_PREFIX
from mlops_stacks.constructs.other_places import TAKE_OFFER, role_name
from mlops_stacks.constructs.release_function import ReleaseFunction
from mlops_stacks.constructs.shared_model import through_s3
from mlops_stacks.settings import Settings
from mlops_stacks.settings_environments import Place


class MakeOffer(ReleaseFunction):
    """Writes down which image and model have gone live in the first environment."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        bucket: s3.IBucket,
        key: kms.IKey,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            folder="make_offer",
            description="Offers a released model to the next environments",
            log_days=settings.retention.log_days,
            timeout=Duration.minutes(1),
            memory_mib=256,
        )
        self.allow(["s3:GetObject"], [bucket.arn_for_objects(f"{MODELS_PREFIX}*")])
        self.allow(["s3:PutObject"], [bucket.arn_for_objects(f"{OFFERS_PREFIX}*")])
        self.allow_key(key)
        for prefix in (MODELS_PREFIX, OFFERS_PREFIX):
            acknowledge_prefix(self.role, bucket=bucket, prefix=prefix)


class TakeOffer(ReleaseFunction):
    """Copies the model of an offer; the only one that reaches into the first environment.

    Args:
        first: the environment that offers.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        first: Place,
        bucket: s3.IBucket,
        key: kms.IKey,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            folder="take_offer",
            description="Takes the model that the first environment offers",
            log_days=settings.retention.log_days,
            timeout=Duration.minutes(15),
            role_name=role_name(settings, TAKE_OFFER),
        )
        partition = Stack.of(self).partition
        theirs = f"arn:{partition}:s3:::{first.bucket}"
        self.allow(
            ["s3:GetObject", "s3:GetObjectVersion"],
            [f"{theirs}/{OFFERS_PREFIX}*", f"{theirs}/{MODELS_PREFIX}*"],
        )
        # Nobody knows the id of a key that is still to be made; the bucket is known by name.
        keys = f"arn:{partition}:kms:{first.region}:{first.account}:key/*"
        self.allow(["kms:Decrypt"], [keys], conditions=through_s3(first))
        self.allow(
            ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"],
            [bucket.arn_for_objects(f"{MODELS_PREFIX}*")],
        )
        self.allow_key(key)
        acknowledge_prefix(self.role, bucket=bucket, prefix=MODELS_PREFIX)
        for finding, reason in (
            *(
                (
                    f"Resource::arn:<AWS::Partition>:s3:::{first.bucket}/{prefix}*",
                    f"Objects under {prefix} come and go; the prefix is the smallest name for them",
                )
                for prefix in (OFFERS_PREFIX, MODELS_PREFIX)
            ),
            (
                f"Resource::arn:<AWS::Partition>:kms:{first.region}:{first.account}:key/*",
                "The key's id is known once it is made; a condition limits it to one bucket",
            ),
        ):
            acknowledge(self.role, finding=f"AwsSolutions-IAM5[{finding}]", reason=reason)
