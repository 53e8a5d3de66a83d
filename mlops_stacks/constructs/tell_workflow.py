"""The way of a decision from the table to the workflow that waits for it."""

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from mlops_stacks.constructs.acknowledgment import acknowledge_imported
from mlops_stacks.constructs.approval_functions import ApprovalResources
from mlops_stacks.constructs.release_function import ReleaseFunction

# A passing fault of Step Functions may last for hours; what is left then is for people.
_TRIED_FOR = Duration.hours(6)
_MOST_TRIES = 1000


class TellWorkflow(ReleaseFunction):
    """Hears from the table's stream that an approval has changed, and tells the workflow.

    The decision is written before anybody is told, and the stream keeps offering it: a crash in
    between loses nothing. What cannot be told in time is mailed to the topic of failures.
    https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html

    Args:
        failures: the topic that hears of a change that could not be handed over.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        resources: ApprovalResources,
        state_machine: sfn.IStateMachine,
        failures: sns.ITopic,
        log_days: int,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            folder="tell_workflow",
            description="Tells the workflow what was decided",
            log_days=log_days,
            environment={"APPROVALS_TABLE": resources.table.table_name},
        )
        table = resources.table
        stream_arn = table.table_stream_arn
        if stream_arn is None:
            raise ValueError("The table of approvals has no stream")
        table.grant(self.function, "dynamodb:GetItem", "dynamodb:UpdateItem")
        state_machine.grant(self.function, "states:SendTaskSuccess")
        self.allow_key(resources.key)
        self.allow(
            ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"],
            [stream_arn],
        )
        # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/iam-policy-example-lamda-process-dynamodb-streams.html
        self.allow(["dynamodb:ListStreams"], [f"{table.table_arn}/stream/*"])
        acknowledge_imported(
            self.role,
            owner=table,
            arn=table.table_arn,
            rest="/stream/*",
            reason="Listing streams is asked for all streams of the one table",
        )
        self.allow(["sns:Publish"], [failures.topic_arn])
        self._listen(stream_arn, failures)

    def _listen(self, stream_arn: str, failures: sns.ITopic) -> None:
        # The CDK's own event source would allow wildcard actions on the key, and ListStreams on
        # every table.
        mapping = lambda_.CfnEventSourceMapping(
            self,
            "Stream",
            function_name=self.function.function_arn,
            event_source_arn=stream_arn,
            starting_position="TRIM_HORIZON",
            # One approval that cannot be told must not hold up the others.
            batch_size=1,
            parallelization_factor=10,
            function_response_types=["ReportBatchItemFailures"],
            maximum_record_age_in_seconds=_TRIED_FOR.to_seconds(),
            maximum_retry_attempts=_MOST_TRIES,
            destination_config=lambda_.CfnEventSourceMapping.DestinationConfigProperty(
                on_failure=lambda_.CfnEventSourceMapping.OnFailureProperty(
                    destination=failures.topic_arn
                )
            ),
        )
        # Lambda checks when it makes the mapping whether the role may read the stream.
        mapping.node.add_dependency(self.role)
