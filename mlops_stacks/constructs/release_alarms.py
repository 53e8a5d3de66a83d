"""Alarms on what a release does not mail by itself, or may have failed to."""

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from mlops_stacks.constructs.alarm_at_once import alarm_at_once
from mlops_stacks.constructs.release_metrics import releases

_PERIOD = Duration.minutes(5)


class ReleaseAlarms(Construct):
    """Failed releases, stuck ones, and errors of the functions that nobody waits for.

    Args:
        functions: what runs behind a release, by a construct id that says what.

    Attributes:
        alarms: the alarms.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        model_name: str,
        state_machine: sfn.IStateMachine,
        functions: Mapping[str, lambda_.IFunction],
        topic: sns.ITopic,
    ) -> None:
        super().__init__(scope, construct_id)
        self.alarms = [
            alarm_at_once(
                self,
                "Failed",
                metric=releases(model_name=model_name, outcome="failed", period=_PERIOD),
                description=f"A release of model {model_name} has failed; a mail says why",
            ),
            alarm_at_once(
                self,
                "Stuck",
                metric=state_machine.metric_timed_out(period=_PERIOD, statistic="Sum"),
                description=f"A release of model {model_name} took longer than all of its time "
                "limits together, and was ended",
            ),
            *(
                alarm_at_once(
                    self,
                    name,
                    metric=function.metric_errors(period=_PERIOD, statistic="Sum"),
                    description=f"Function {name} of model {model_name} fails; its log says why. "
                    "It is called again, and a mail tells what it has given up",
                )
                for name, function in functions.items()
            ),
        ]
        for alarm in self.alarms:
            alarm.add_alarm_action(actions.SnsAction(topic))
