"""What one environment's policies say of another's, and of the pipeline's account."""

from collections.abc import Sequence

from aws_cdk import Aws
from aws_cdk import aws_iam as iam

from mlops_stacks.settings import Settings
from mlops_stacks.settings_environments import Place

BUILD_IMAGE = "build-image"
GATHER_EVIDENCE = "gather-evidence"
PIPELINE = "pipeline"
REGISTER_VERSION = "register-version"
SERVING = "serving"
START_RELEASE = "start-release"
TAKE_OFFER = "take-offer"


def role_arn(account: str, name: str) -> str:
    """The ARN of a role that has a name of its own."""
    return f"arn:{Aws.PARTITION}:iam::{account}:role/{name}"


def environment_role_arn(place: Place, purpose: str) -> str:
    """The ARN of an environment's role for a purpose."""
    return role_arn(place.account, place.names.role(purpose))


def role_name(settings: Settings, purpose: str) -> str | None:
    """The name of an environment's role; None, which lets CloudFormation find one, without any."""
    return settings.names.role(purpose) if settings.place else None


def pipeline_role_name(place: Place, purpose: str) -> str:
    """The name of a role of the pipeline: of the family's, in the pipeline's account."""
    return f"{place.names.family}-{purpose}"


def only(arns: Sequence[str], *, account: str) -> iam.IPrincipal:
    """A principal for policies: these roles of an account, whether they exist already or not.

    A policy cannot name a role as its principal before there is one, and means another role once
    it is made anew:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """
    return iam.AccountPrincipal(account).with_conditions(
        {"ArnEquals": {"aws:PrincipalArn": sorted(arns)}}
    )


def name_role(role: iam.IRole | None, name: str) -> None:
    """Give a role that the CDK makes a name of its own."""
    resource = role.node.default_child if role else None
    if not isinstance(resource, iam.CfnRole):
        raise TypeError(f"{role!r} is no role of this stack")
    resource.role_name = name
