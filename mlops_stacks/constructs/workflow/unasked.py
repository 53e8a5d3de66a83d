"""Where nobody is to be asked, what the gate lets through goes live."""

from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from mlops_stacks.constructs.workflow.expressions import jsonata


def ask_nobody(scope: Construct, *, decided: sfn.IChainable) -> sfn.Pass:
    """A state that leaves the variable `decision`, as an approval would.

    Args:
        scope: the state's construct.
        decided: where to go on.
    """
    state = sfn.Pass.jsonata(
        scope,
        "Ask nobody",
        assign={
            "decision": {
                "decision": "approved",
                "decidedBy": "the quality gate",
                "reason": "nobody is asked here (approval.approvals_required = 0)",
                "decidedAt": jsonata("$now()"),
                "votes": [],
            }
        },
    )
    state.next(decided)
    return state
