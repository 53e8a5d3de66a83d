"""Events of the pipeline reach the environments that are in other accounts."""

from collections.abc import Sequence

from aws_cdk import Aws, CfnResource
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from mlops_stacks.settings_environments import Place

_SOURCE = "aws.codepipeline"
# What the rules of an environment wait for (failure_rules.py).
_DETAIL_TYPES = (
    "CodePipeline Pipeline Execution State Change",
    "CodePipeline Stage Execution State Change",
)


class PipelineEvents(Construct):
    """Sends the pipeline's events to the default bus of each other account.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-account.html
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, pipeline_name: str, places: Sequence[Place]
    ) -> None:
        super().__init__(scope, construct_id)
        for account in dict.fromkeys(place.account for place in places):
            place = next(place for place in places if place.account == account)
            if account == place.pipeline_account:
                continue
            bus = events.EventBus.from_event_bus_arn(self, f"Bus{account}", _bus_arn(place))
            events.Rule(
                self,
                f"To{account}",
                description=f"Events of the pipeline for account {account}",
                event_pattern=events.EventPattern(
                    source=[_SOURCE],
                    detail_type=list(_DETAIL_TYPES),
                    detail={"pipeline": [pipeline_name]},
                ),
                targets=[targets.EventBus(bus)],
            )


class PipelineEventsAllowed(Construct):
    """Lets the pipeline's account send its pipelines' events to this account's default bus."""

    def __init__(self, scope: Construct, construct_id: str, *, place: Place) -> None:
        super().__init__(scope, construct_id)
        if place.account == place.pipeline_account:
            return
        # The CDK's own class for it tells of a deprecation at each synthesis.
        CfnResource(
            self,
            "Policy",
            type="AWS::Events::EventBusPolicy",
            properties={
                "StatementId": f"{place.names.model}-pipeline",
                "Statement": {
                    "Effect": "Allow",
                    "Principal": {"AWS": f"arn:{Aws.PARTITION}:iam::{place.pipeline_account}:root"},
                    "Action": "events:PutEvents",
                    "Resource": _bus_arn(place),
                    "Condition": {"StringEquals": {"events:source": _SOURCE}},
                },
            },
        )


def _bus_arn(place: Place) -> str:
    return f"arn:{Aws.PARTITION}:events:{place.region}:{place.account}:event-bus/default"
