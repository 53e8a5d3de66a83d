"""Findings of cdk-nag that are right as they are, each with its reason."""

from aws_cdk import Acknowledgment, Stack, Validations
from aws_cdk import aws_s3 as s3
from constructs import IConstruct


def acknowledge(scope: IConstruct, *, finding: str, reason: str) -> None:
    """Accept one finding on one construct.

    Args:
        scope: the smallest construct that has the finding.
        finding: rule and finding, such as `AwsSolutions-IAM5[Resource::*]`.
        reason: why it is right here.
    """
    Validations.of(scope).acknowledge(Acknowledgment(id=finding, reason=reason))


def acknowledge_prefix(scope: IConstruct, *, bucket: s3.IBucket, prefix: str) -> None:
    """Accept that a policy names all objects under one prefix of a bucket in another stack."""
    owner = Stack.of(bucket)
    # The finding calls the bucket's ARN by the name under which its stack exports it.
    arn = owner.resolve(owner.export_value(bucket.bucket_arn))["Fn::ImportValue"]
    acknowledge(
        scope,
        finding=f"AwsSolutions-IAM5[Resource::{arn}/{prefix}*]",
        reason=f"Objects under {prefix} come and go; the prefix is the smallest name for them",
    )
