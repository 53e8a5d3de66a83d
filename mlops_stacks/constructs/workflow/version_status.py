"""The registry is told what became of a version."""

from collections.abc import Mapping

from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from mlops_stacks.constructs.workflow.expressions import jsonata, one_line
from mlops_stacks.constructs.workflow.retries import retry_sagemaker
from mlops_stacks.constructs.workflow.task_resource import integration

_MOST_CHARACTERS = 1024


def set_status(
    scope: Construct,
    construct_id: str,
    *,
    status: str,
    description: str,
    metadata: str | None = None,
) -> sfn.CustomState:
    """A state that sets the status of `$version`.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateModelPackage.html

    Args:
        scope: the state's construct.
        construct_id: the state's name.
        status: Approved or Rejected.
        description: an expression for why; it is put on one line and cut.
        metadata: an expression for metadata that is added.
    """
    return _update(
        scope,
        construct_id,
        {
            "ModelApprovalStatus": status,
            "ApprovalDescription": jsonata(
                one_line(f"({description})", characters=_MOST_CHARACTERS)
            ),
            **({"CustomerMetadataProperties": jsonata(metadata)} if metadata else {}),
        },
    )


def note_serving(scope: Construct, construct_id: str) -> sfn.CustomState:
    """A state that notes when `$version` was found to serve: a rollback looks for that."""
    return _update(
        scope, construct_id, {"CustomerMetadataProperties": {"servedAt": jsonata("$now()")}}
    )


def _update(
    scope: Construct, construct_id: str, arguments: Mapping[str, object]
) -> sfn.CustomState:
    state = sfn.CustomState(
        scope,
        construct_id,
        state_json={
            "Type": "Task",
            "Resource": integration("aws-sdk:sagemaker", "updateModelPackage"),
            "Arguments": {"ModelPackageArn": jsonata("$version.modelPackageArn"), **arguments},
        },
    )
    retry_sagemaker(state)
    return state
