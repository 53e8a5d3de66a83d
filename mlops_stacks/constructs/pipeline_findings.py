"""cdk-nag's findings on roles that aws_cdk.pipelines makes and whose policies it alone writes."""

from collections.abc import Iterable, Mapping, Sequence

from aws_cdk import CfnElement, Stack, pipelines
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from mlops_stacks.constructs.acknowledgment import acknowledge

_READ = ("s3:GetBucket*", "s3:GetObject*", "s3:List*")
_ENCRYPT = ("kms:GenerateDataKey*", "kms:ReEncrypt*")
_WRITE = ("s3:Abort*", "s3:DeleteObject*")
# What the CDK grants on the artifacts, where it is not all of it; by the role's path.
_LESS: Mapping[str, Sequence[str]] = {
    "Assets/FileRole": _READ,
    "UpdatePipeline/SelfMutation/Role": (*_READ, *_ENCRYPT),
    "Pipeline/EventsRole": (),  # It starts the pipeline and touches no artifact.
}
_HERE = "<AWS::Region>:<AWS::AccountId>"


def acknowledge_pipeline_roles(
    pipeline: pipelines.CodePipeline, *, artifacts: s3.Bucket, workflow_name: str
) -> None:
    """Accept the findings role by role; call it once the pipeline is built.

    Args:
        pipeline: the built pipeline.
        artifacts: its artifact bucket.
        workflow_name: the state machine that the pipeline starts.
    """
    objects = f"Resource::<{_logical_id(artifacts.node.default_child)}.Arn>/*"
    for role in pipeline.node.find_all():
        if not isinstance(role, iam.Role):
            continue
        path = role.node.path.removeprefix(f"{pipeline.node.path}/")
        granted = _LESS.get(path, (*_READ, *_ENCRYPT, *_WRITE))
        _accept(
            role,
            [*([objects] if granted else []), *(f"Action::{action}" for action in granted)],
            "The CDK grants a pipeline's roles its own artifact bucket and key in these words",
        )
        project = role.node.scope.node.default_child if role.node.scope else None
        if isinstance(project, codebuild.CfnProject):
            _accept_project(role, f"<{_logical_id(project)}>")
        if path == "Pipeline/Role":
            _accept(
                role,
                [f"Resource::arn:<AWS::Partition>:states:{_HERE}:execution:{workflow_name}:*"],
                "The pipeline follows the executions that it starts; their names are random",
            )
        elif path == "UpdatePipeline/SelfMutation/Role":
            _accept(
                role,
                ["Resource::arn:*:iam::<AWS::AccountId>:role/*", "Resource::*"],
                "Limited by the CDK to its bootstrap roles by a tag condition; describing stacks "
                "and listing buckets is what `cdk deploy` needs of itself",
            )
        elif path == "Assets/FileRole":
            _accept(
                role,
                [
                    f"Resource::arn:<AWS::Partition>:logs:{_HERE}:log-group:/aws/codebuild/*",
                    f"Resource::arn:<AWS::Partition>:codebuild:{_HERE}:report-group/*",
                    "Resource::*",
                ],
                "The CDK shares this role among asset projects that it names itself; "
                "it may only assume the bootstrap publishing role",
            )


def _accept_project(role: iam.Role, project: str) -> None:
    _accept(
        role,
        [
            f"Resource::arn:<AWS::Partition>:logs:{_HERE}:log-group:/aws/codebuild/{project}:*",
            f"Resource::arn:<AWS::Partition>:codebuild:{_HERE}:report-group/{project}-*",
        ],
        "CodeBuild names the log streams and report groups of its project itself",
    )
    if "BuildImage" in role.node.path:
        _accept(
            role,
            ["Resource::*"],
            "ecr:GetAuthorizationToken and lists of Amazon Inspector have no resource to name",
        )


def _accept(role: iam.Role, findings: Iterable[str], reason: str) -> None:
    for finding in findings:
        acknowledge(role, finding=f"AwsSolutions-IAM5[{finding}]", reason=reason)


def _logical_id(element: object) -> str:
    if not isinstance(element, CfnElement):
        raise TypeError(f"{element!r} is no CloudFormation resource")
    return str(Stack.of(element).resolve(element.logical_id))
