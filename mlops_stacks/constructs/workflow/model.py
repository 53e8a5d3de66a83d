"""A model of SageMaker: an image and an artifact, which batch transform and endpoint take."""

from collections.abc import Mapping

from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from mlops_stacks.constructs.workflow.expressions import (
    ATTEMPT_NAME,
    IMAGE_URI,
    jsonata,
    tag_list,
)
from mlops_stacks.constructs.workflow.retries import retry_sagemaker
from mlops_stacks.constructs.workflow.task_resource import integration


def create_model(
    scope: Construct,
    construct_id: str,
    *,
    role: iam.IRole,
    tags: Mapping[str, str],
    isolated: bool,
) -> sfn.CustomState:
    """A state that makes a model of `$imageUri` and `$modelData`, and leaves `modelName`.

    Args:
        scope: the state's construct.
        construct_id: the state's name.
        role: what the container may do.
        tags: the tags of the settings.
        isolated: without a network; serverless endpoints take no such model:
            https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html
    """
    state = sfn.CustomState(
        scope,
        construct_id,
        state_json={
            "Type": "Task",
            "Resource": integration("sagemaker", "createModel"),
            "Arguments": {
                "ModelName": ATTEMPT_NAME,
                "EnableNetworkIsolation": isolated,
                "ExecutionRoleArn": role.role_arn,
                "Tags": tag_list(tags),
                "PrimaryContainer": {
                    "Image": IMAGE_URI,
                    "Mode": "SingleModel",
                    "ModelDataUrl": jsonata("$modelData"),
                },
            },
            "Assign": {"modelName": ATTEMPT_NAME},
        },
    )
    retry_sagemaker(state)
    return state
