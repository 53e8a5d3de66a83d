"""Where the deployment has put things, by the outputs of its stacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from operate.errors import OperateError

if TYPE_CHECKING:
    from boto3.session import Session

    from mlops_stacks.names import Names

_TABLE = "ApprovalsTable"
_BUCKET = "DataBucket"
_STATE_MACHINE = "StateMachineArn"


def table_of(session: Session, names: Names) -> str:
    """The name of a model's table of approvals.

    Raises:
        OperateError: it is not deployed in this account and region.
    """
    what = "There are no decisions to read"
    return _output(session, stack=names.foundation_stack, key=_TABLE, what=what)


def bucket_of(session: Session, names: Names) -> str:
    """The name of a model's bucket.

    Raises:
        OperateError: it is not deployed in this account and region.
    """
    what = "The reports cannot be found"
    return _output(session, stack=names.foundation_stack, key=_BUCKET, what=what)


def state_machine_of(session: Session, names: Names) -> str:
    """The ARN of a model's release workflow.

    Raises:
        OperateError: it is not deployed in this account and region.
    """
    what = "Nothing can be put back"
    return _output(session, stack=names.release_stack, key=_STATE_MACHINE, what=what)


def not_deployed(*, what: str, why: str) -> OperateError:
    """The failure to find something that a deployment would have made."""
    return OperateError(
        what=what,
        why=why,
        next_step="use the account and region of the deployment (AWS_PROFILE, AWS_REGION), `. "
        ".local/env` for the local cloud, or deploy first",
    )


def _output(session: Session, *, stack: str, key: str, what: str) -> str:
    try:
        [found] = session.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        if "does not exist" not in error.response["Error"]["Message"]:
            raise
        why = f"there is no stack {stack} in this account and region ({session.region_name})"
        raise not_deployed(what=what, why=why) from error
    for output in found.get("Outputs", []):
        if output["OutputKey"] == key:
            return output["OutputValue"]
    raise not_deployed(what=what, why=f"the stack {stack} has no output {key}")
