"""Single states that speak with SageMaker about one endpoint."""

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from mlops_stacks.constructs.workflow.expressions import jsonata
from mlops_stacks.constructs.workflow.task_resource import integration

_POLL = Duration.seconds(20)
_POLLS = 270  # An hour and a half; creation may take longer than ten minutes.

STILL_WAITING_TOO_LONG = sfn.Condition.jsonata(jsonata(f"$polls > {_POLLS}"))


def endpoint_is(status: str) -> sfn.Condition:
    """Whether the last description had this status."""
    return sfn.Condition.jsonata(jsonata(f"$endpoint.status = '{status}'"))


# Neither serves as it should, and neither changes by itself:
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html
STUCK = sfn.Condition.jsonata(
    jsonata("$endpoint.status in ['OutOfService', 'UpdateRollbackFailed']")
)
STUCK_ERROR = "EndpointStuck"
STUCK_CAUSE = jsonata("'The endpoint is ' & $endpoint.status & ': ' & $endpoint.reason")


@dataclass(frozen=True, kw_only=True)
class EndpointCalls:
    """States for the endpoint of this name.

    A description leaves the variable `endpoint` = {status, configuration, reason} and counts
    itself in `polls`.
    """

    endpoint_name: str

    def describe(self, scope: Construct, construct_id: str, **assign: str) -> sfn.CustomState:
        """Describe the endpoint; `assign` names more variables."""
        variables = {
            "endpoint": {
                "status": jsonata("$states.result.EndpointStatus"),
                "configuration": jsonata("$states.result.EndpointConfigName"),
                "reason": jsonata(
                    "$exists($states.result.FailureReason)"
                    " ? $states.result.FailureReason : 'SageMaker gave no reason'"
                ),
            },
            "polls": jsonata("$polls + 1"),
            **assign,
        }
        return self._call(scope, construct_id, "describeEndpoint", variables)

    def delete(self, scope: Construct, construct_id: str) -> sfn.CustomState:
        """Delete the endpoint: all that can be done with one that has failed.

        https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html
        """
        return self._call(scope, construct_id, "deleteEndpoint", {})

    def wait(self, scope: Construct, construct_id: str) -> sfn.Wait:
        """Let some time pass before the next description."""
        return sfn.Wait.jsonata(scope, construct_id, time=sfn.WaitTime.duration(_POLL))

    def _call(
        self, scope: Construct, construct_id: str, action: str, assign: Mapping[str, object]
    ) -> sfn.CustomState:
        return sfn.CustomState(
            scope,
            construct_id,
            state_json={
                "Type": "Task",
                "Resource": integration("aws-sdk:sagemaker", action),
                "Arguments": {"EndpointName": self.endpoint_name},
                "Assign": assign,
            },
        )
