"""Single states that speak with SageMaker about one endpoint."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from mlops_stacks.constructs.workflow.expressions import jsonata
from mlops_stacks.constructs.workflow.task_resource import integration

# A wait and a description are nine events of an execution, which has at most 25,000:
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
_MOST_POLLS = 100
_SHORTEST_POLL_SECONDS = 20
_INSTANCES = "$states.result.ProductionVariants[0].CurrentInstanceCount"


CHANGES = "$endpoint.status in ['Creating', 'Updating', 'SystemUpdating', 'RollingBack']"
"""An expression, not marked: whether the endpoint is changing."""


def endpoint_is(status: str) -> sfn.Condition:
    """Whether the last description had this status."""
    return sfn.Condition.jsonata(jsonata(f"$endpoint.status = '{status}'"))


def serves(configuration: str) -> sfn.Condition:
    """Whether the endpoint is in service on what an expression says."""
    return sfn.Condition.jsonata(
        jsonata(f"$endpoint.status = 'InService' and $endpoint.configuration = {configuration}")
    )


def still_waiting_too_long(most_polls: int) -> str:
    """An expression, not marked: whether the endpoint was asked for often enough."""
    return f"$polls > {most_polls}"


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

    A description leaves the variable `endpoint` = {status, configuration, reason, instances} and
    counts itself in `polls`.

    Attributes:
        endpoint_name: the endpoint.
        longest_minutes: how long it may take to change.
    """

    endpoint_name: str
    longest_minutes: int

    @property
    def poll_seconds(self) -> int:
        """How long to wait before it is asked for again."""
        return max(_SHORTEST_POLL_SECONDS, math.ceil(self.longest_minutes * 60 / _MOST_POLLS))

    @property
    def most_polls(self) -> int:
        """How often it is asked for while it changes."""
        return math.ceil(self.longest_minutes * 60 / self.poll_seconds)

    @property
    def waiting_too_long(self) -> sfn.Condition:
        """Whether it has been asked for as often."""
        return sfn.Condition.jsonata(jsonata(still_waiting_too_long(self.most_polls)))

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
                "instances": jsonata(
                    f"$exists({_INSTANCES}) ? {_INSTANCES} : 0"  # None while it is being made.
                ),
            },
            "polls": jsonata("$polls + 1"),
            **assign,
        }
        return self._call(scope, construct_id, "describeEndpoint", assign=variables)

    def delete(self, scope: Construct, construct_id: str) -> sfn.CustomState:
        """Delete the endpoint: all that can be done with one that has failed.

        https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html
        """
        return self._call(scope, construct_id, "deleteEndpoint")

    def update(
        self,
        scope: Construct,
        construct_id: str,
        *,
        configuration: str,
        how: Mapping[str, object],
    ) -> sfn.CustomState:
        """Put the endpoint on a configuration, and count descriptions from nought.

        Args:
            scope: the state's construct.
            construct_id: the state's name.
            configuration: an expression, marked as one.
            how: more of the request.
        """
        return self._call(
            scope,
            construct_id,
            "updateEndpoint",
            arguments={"EndpointConfigName": configuration, **how},
            assign={"polls": 0},
        )

    def wait(self, scope: Construct, construct_id: str) -> sfn.Wait:
        """Let some time pass before the next description."""
        pause = sfn.WaitTime.duration(Duration.seconds(self.poll_seconds))
        return sfn.Wait.jsonata(scope, construct_id, time=pause)

    def _call(
        self,
        scope: Construct,
        construct_id: str,
        action: str,
        *,
        arguments: Mapping[str, object] | None = None,
        assign: Mapping[str, object] | None = None,
    ) -> sfn.CustomState:
        return sfn.CustomState(
            scope,
            construct_id,
            state_json={
                "Type": "Task",
                "Resource": integration("aws-sdk:sagemaker", action),
                "Arguments": {"EndpointName": self.endpoint_name, **(arguments or {})},
                "Assign": assign or {},
            },
        )
