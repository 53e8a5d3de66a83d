"""What the first environment lets the others, and the pipeline, have of its model."""

from collections.abc import Sequence

from aws_cdk import Aws
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from mlops_stacks.constructs.data_store import MODELS_PREFIX, OFFERS_PREFIX
from mlops_stacks.constructs.image_build_step import PUSH_ACTIONS
from mlops_stacks.constructs.other_places import (
    BUILD_IMAGE,
    GATHER_EVIDENCE,
    REGISTER_VERSION,
    SERVING,
    TAKE_OFFER,
    environment_role_arn,
    only,
    pipeline_role_name,
    role_arn,
)
from mlops_stacks.settings_environments import Place

PULL_ACTIONS = (
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:GetDownloadUrlForLayer",
)


class SharedModel(Construct):
    """Policies of the bucket, the key and the repository, for roles that are named one by one.

    Each role also needs a policy of its own account that says the same:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html

    Args:
        place: the first environment.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        place: Place,
        bucket: s3.IBucket,
        key: kms.IKey,
        repository: ecr.IRepository,
    ) -> None:
        super().__init__(scope, construct_id)
        build = role_arn(place.pipeline_account, pipeline_role_name(place, BUILD_IMAGE))
        repository.add_to_resource_policy(
            iam.PolicyStatement(
                sid="PipelinePushes",
                principals=[only([build], account=place.pipeline_account)],
                actions=list(PUSH_ACTIONS),
            )
        )
        for later in place.later:
            self._let_pull(repository, later)
            self._let_read(bucket, key, place, later)

    def _let_pull(self, repository: ecr.IRepository, later: Place) -> None:
        for sid, purposes, actions in (
            ("Pulls", [SERVING], PULL_ACTIONS),
            ("Looks", [GATHER_EVIDENCE, REGISTER_VERSION], _LOOK_ACTIONS),
        ):
            repository.add_to_resource_policy(
                iam.PolicyStatement(
                    sid=_sid(later, sid),
                    principals=[_roles(later, purposes)],
                    actions=list(actions),
                )
            )

    def _let_read(self, bucket: s3.IBucket, key: kms.IKey, place: Place, later: Place) -> None:
        taker = _roles(later, [TAKE_OFFER])
        bucket.add_to_resource_policy(
            iam.PolicyStatement(
                sid=_sid(later, "Reads"),
                principals=[taker],
                actions=["s3:GetObject", "s3:GetObjectVersion"],
                resources=[
                    bucket.arn_for_objects(f"{prefix}*")
                    for prefix in (OFFERS_PREFIX, MODELS_PREFIX)
                ],
            )
        )
        key.add_to_resource_policy(
            iam.PolicyStatement(
                sid=_sid(later, "Decrypts"),
                principals=[taker],
                actions=["kms:Decrypt"],
                resources=["*"],  # In a key's policy: this key.
                conditions=through_s3(place),
            )
        )


_LOOK_ACTIONS = ("ecr:BatchGetImage", "ecr:DescribeImages")


def through_s3(place: Place) -> dict[str, dict[str, str | list[str]]]:
    """Conditions: S3 uses the key, for what an environment offers.

    With a bucket key the encryption context is the bucket's ARN, else the object's:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html
    """
    # By name: the key comes before the bucket.
    bucket = f"arn:{Aws.PARTITION}:s3:::{place.bucket}"
    return {
        "StringEquals": {"kms:ViaService": f"s3.{place.region}.{Aws.URL_SUFFIX}"},
        "StringLike": {
            "kms:EncryptionContext:aws:s3:arn": [
                bucket,
                f"{bucket}/{MODELS_PREFIX}*",
                f"{bucket}/{OFFERS_PREFIX}*",
            ]
        },
    }


def _roles(place: Place, purposes: Sequence[str]) -> iam.IPrincipal:
    arns = [environment_role_arn(place, purpose) for purpose in purposes]
    return only(arns, account=place.account)


def _sid(place: Place, does: str) -> str:
    return f"{place.names.stage_id}{does}"
