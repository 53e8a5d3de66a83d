"""Target of the approvals' stream: tell the waiting workflow what the table says.

The stream calls again until a call ends without an error, so a decision that was written is told,
whatever crashes in between: https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from shared import aws
from shared.approvals import TOLD, Approval
from shared.approvals_table import WAITING, ApprovalsTable, deployed_table
from shared.logs import log_event
from shared.text import iso
from shared.transient import TransientError, transient_errors_named

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


def handle(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Tell about every approval in the batch; returns {"batchItemFailures": []}.

    One that fails does not keep the others from being told: the batch comes again as a whole, and
    what was told then is not told twice.

    Raises:
        TransientError, botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: the
            first that happened.
    """
    table = deployed_table()
    errors: list[Exception] = []
    for approval_id in changed_approvals(event):
        try:
            with transient_errors_named():
                tell(approval_id, table=table, workflow=aws.stepfunctions())
        except (TransientError, ClientError, BotoCoreError) as error:
            log_event("workflowNotTold", level="ERROR", error=str(error))
            errors.append(error)
    if errors:
        raise errors[0]
    return {"batchItemFailures": []}


def changed_approvals(event: Mapping[str, Any]) -> list[str]:
    """The ids of the approvals in a batch of stream records, each once, in order.

    https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
    """
    keys = [record["dynamodb"]["Keys"]["approvalId"]["S"] for record in event["Records"]]
    return [key for key in dict.fromkeys(keys) if key != WAITING]


def tell(approval_id: str, *, table: ApprovalsTable, workflow: SFNClient) -> None:
    """Hand a decision over as the output of the waiting state, if it is not known there.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html

    Raises:
        TransientError: another state waits by now, with another token.
        botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError
    """
    approval = table.get(approval_id)
    if approval is None or approval.status not in TOLD or approval.workflow_told_at:
        return
    gone = workflow.exceptions
    try:
        workflow.send_task_success(
            taskToken=approval.task_token, output=json.dumps(approval.decision())
        )
    except (gone.TaskTimedOut, gone.TaskDoesNotExist, gone.InvalidToken) as error:
        _not_waiting(approval, table=table, reason=str(error.response["Error"]["Code"]))
        return
    table.mark_told(approval, told_at=iso(int(time.time())))
    log_event("workflowTold", status=approval.status, executionArn=approval.execution_arn)


def _not_waiting(approval: Approval, *, table: ApprovalsTable, reason: str) -> None:
    latest = table.get(approval.approval_id)
    if latest is None or latest.workflow_told_at:
        return
    if latest.task_token != approval.task_token:
        raise TransientError("The run waits in another state by now; tell that one.")
    # Between two states nobody waits. The next one renews the token, which brings this here again,
    # or is the last, which reads the decision from the table. A run that is over needs none.
    log_event(
        "workflowNotWaiting", level="WARNING", error=reason, executionArn=approval.execution_arn
    )
