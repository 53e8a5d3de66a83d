"""Findings of cdk-nag that are right as they are, each with its reason."""

from aws_cdk import Acknowledgment, Stack, Token, Validations
from aws_cdk import aws_s3 as s3
from constructs import IConstruct


def acknowledge(scope: IConstruct, *, finding: str, reason: str) -> None:
    """Accept one finding on one construct.

    Args:
        scope: the smallest construct that has the finding.
        finding: rule and finding, such as `AwsSolutions-IAM5[Resource::*]`. Partition, region and
            account of the stack stand as `<AWS::Partition>` and so on, also where they are known.
        reason: why it is right here.
    """
    stack = Stack.of(scope)
    known = (("Partition", stack.partition), ("Region", stack.region), ("AccountId", stack.account))
    for name, value in known:
        if not Token.is_unresolved(value):
            finding = finding.replace(f"<AWS::{name}>", value)
    Validations.of(scope).acknowledge(Acknowledgment(id=finding, reason=reason))


def acknowledge_prefix(scope: IConstruct, *, bucket: s3.IBucket, prefix: str) -> None:
    """Accept that a policy names all objects under one prefix of a bucket in another stack."""
    acknowledge_imported(
        scope,
        owner=bucket,
        arn=bucket.bucket_arn,
        rest=f"/{prefix}*",
        reason=f"Objects under {prefix} come and go; the prefix is the smallest name for them",
    )


def acknowledge_imported(
    scope: IConstruct, *, owner: IConstruct, arn: str, rest: str, reason: str
) -> None:
    """Accept a wildcard behind the ARN of a resource in another stack.

    Args:
        scope: the smallest construct that has the finding.
        owner: the resource.
        arn: the resource's ARN.
        rest: what the policy appends to the ARN.
        reason: why it is right here.
    """
    stack = Stack.of(owner)
    # The finding calls the ARN by the name under which the resource's stack exports it.
    name = stack.resolve(stack.export_value(arn))["Fn::ImportValue"]
    acknowledge(scope, finding=f"AwsSolutions-IAM5[Resource::{name}{rest}]", reason=reason)


def acknowledge_sagemaker(
    scope: IConstruct,
    *,
    resource: str,
    name: str,
    reason: str = "Each release makes new ones, named after the model",
) -> None:
    """Accept a wildcard in the name of what SageMaker has of this account.

    Args:
        scope: the smallest construct that has the finding.
        resource: the kind, such as `endpoint-config`.
        name: the pattern that the policy names.
        reason: why it is right here.
    """
    acknowledge(
        scope,
        finding="AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:sagemaker:<AWS::Region>"
        f":<AWS::AccountId>:{resource}/{name}]",
        reason=reason,
    )
