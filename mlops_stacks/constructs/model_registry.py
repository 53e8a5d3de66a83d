"""The registry: one version for each candidate, with its metrics and where it comes from."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct


class ModelRegistry(Construct):
    """A model package group; releases add versions and say what became of them.

    https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry.html

    Attributes:
        group: the group.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, name: str, removal_policy: RemovalPolicy
    ) -> None:
        super().__init__(scope, construct_id)
        self.group = sagemaker.CfnModelPackageGroup(
            self,
            "Group",
            model_package_group_name=name,
            model_package_group_description=f"Every candidate of model {name}",
        )
        self.group.apply_removal_policy(removal_policy)


def version_names(group_name: str) -> str:
    """A pattern for a policy: the versions of a group, as the last part of their ARNs."""
    return f"{group_name}/*"
