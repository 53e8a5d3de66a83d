"""What comes before an endpoint that serves is changed."""

from collections.abc import Sequence

from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from mlops_stacks.constructs.workflow.expressions import jsonata
from mlops_stacks.constructs.workflow.failure import FailurePath
from mlops_stacks.constructs.workflow.retries import retry_alarms
from mlops_stacks.constructs.workflow.scaling import stop_scaling
from mlops_stacks.constructs.workflow.task_resource import integration

UNHEALTHY_ERROR = "EndpointUnhealthy"


class BeforeUpdateStates(Construct):
    """Asks the alarms, unless a version is put back, and ends scaling that is no longer wanted.

    An alarm that rings already would roll a good model back, and blame it for its predecessor.

    Args:
        alarms: names of the alarms that roll an update back.
        scales: whether the endpoint goes on following the traffic.
        update: where to go on.

    Attributes:
        release: the first state for a new version.
        put_back: the first state for a version that is put back, whatever rings.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        alarms: Sequence[str],
        scales: bool,
        endpoint_name: str,
        update: sfn.IChainable,
        failure: FailurePath,
    ) -> None:
        super().__init__(scope, construct_id)
        self._failure = failure
        self.put_back: sfn.IChainable = (
            update
            if scales
            else stop_scaling(self, endpoint_name=endpoint_name, then=update, failure=failure)
        )
        self.release = self._quiet(alarms) if alarms else self.put_back

    def _quiet(self, alarms: Sequence[str]) -> sfn.IChainable:
        """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html"""
        look = sfn.CustomState(
            self,
            "Look at the alarms",
            state_json={
                "Type": "Task",
                "Resource": integration("aws-sdk:cloudwatch", "describeAlarms"),
                "Arguments": {
                    "AlarmNames": list(alarms),
                    "AlarmTypes": ["MetricAlarm"],
                    "StateValue": "ALARM",
                },
                # JSONata makes one name of a list of one, and nothing of none.
                "Assign": {"ringing": jsonata("[$states.result.MetricAlarms.AlarmName]")},
            },
        )
        retry_alarms(look)
        self._failure.catch(look)
        unhealthy = self._failure.explain(
            self,
            "Explain the ringing alarm",
            state=look.state_id,
            error=UNHEALTHY_ERROR,
            cause=jsonata(
                '"The live model\'s alarm "'
                " & $join($ringing, ', ') & ' rings. Put a good version"
                " back first (make rollback), or wait until it is quiet; then release again.'"
            ),
        )
        look.next(
            sfn.Choice.jsonata(self, "Does an alarm ring?")
            .when(sfn.Condition.jsonata(jsonata("$count($ringing) > 0")), unhealthy)
            .otherwise(self.put_back)
        )
        return look
