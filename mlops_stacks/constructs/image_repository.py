"""Where the pipeline pushes images and SageMaker pulls them."""

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_kms as kms
from constructs import Construct

from mlops_stacks.settings_environments import Place


class ImageRepository(Construct):
    """An ECR repository: scanned on push, a tag never changes its meaning, old images expire.

    Attributes:
        repository: the repository.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        key: kms.IKey,
        keep_images: int,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        self.repository = ecr.Repository(
            self,
            "Repository",
            repository_name=name,
            encryption=ecr.RepositoryEncryption.KMS,
            encryption_key=key,
            image_scan_on_push=True,
            image_tag_mutability=ecr.TagMutability.IMMUTABLE,
            lifecycle_rules=[
                ecr.LifecycleRule(
                    description="Untagged images are left-overs of failed pushes",
                    tag_status=ecr.TagStatus.UNTAGGED,
                    max_image_age=Duration.days(14),
                ),
                ecr.LifecycleRule(
                    description=f"Keep the newest {keep_images} images",
                    tag_status=ecr.TagStatus.ANY,
                    max_image_count=keep_images,
                ),
            ],
            removal_policy=removal_policy,
            empty_on_delete=removal_policy == RemovalPolicy.DESTROY,
        )


def first_repository(scope: Construct, construct_id: str, *, place: Place) -> ecr.IRepository:
    """The repository of the first environment, seen from another one."""
    name = place.names.repository
    return ecr.Repository.from_repository_attributes(
        scope,
        construct_id,
        repository_name=name,
        repository_arn=f"arn:{Aws.PARTITION}:ecr:{place.region}:{place.account}:repository/{name}",
    )
