"""Failures that the workflow cannot mail by itself."""

from collections.abc import Sequence

from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from mlops_stacks.names import CHECKS_STAGE
from mlops_stacks.settings_environments import Place


class FailureRules(Construct):
    """Tells of failures outside the workflow's own states, and closes approvals that are over.

    An aborted execution mails nothing, nor does one that `States.ALL` cannot catch:
    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
    The function that mails knows which failures the workflow has mailed already; the one that
    closes approvals leaves alone what is decided.

    Args:
        place: which of several environments it is: the first tells of the pipeline's failures.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        state_machine: sfn.IStateMachine,
        pipeline_name: str,
        place: Place | None,
        mail: lambda_.IFunction,
        close_approval: lambda_.IFunction,
    ) -> None:
        super().__init__(scope, construct_id)
        self._rule(
            "Execution",
            "Release executions that ended without a mail of their own",
            events.EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                detail={
                    "stateMachineArn": [state_machine.state_machine_arn],
                    "status": ["ABORTED", "FAILED", "TIMED_OUT"],
                },
            ),
            [mail, close_approval],
        )
        account = [place.pipeline_account] if place else None
        if not (place and place.first):
            self._rule(
                "Pipeline",
                "Pipeline executions that failed",
                events.EventPattern(
                    account=account,
                    source=["aws.codepipeline"],
                    detail_type=["CodePipeline Pipeline Execution State Change"],
                    detail={"pipeline": [pipeline_name], "state": ["FAILED"]},
                ),
                [mail],
            )
        self._rule(
            "NewerCommit",
            "A newer commit has passed its checks and waits for the release under way",
            events.EventPattern(
                account=account,
                source=["aws.codepipeline"],
                detail_type=["CodePipeline Stage Execution State Change"],
                detail={
                    "pipeline": [pipeline_name],
                    "stage": [CHECKS_STAGE],
                    "state": ["SUCCEEDED"],
                },
            ),
            [close_approval],
        )

    def _rule(
        self,
        construct_id: str,
        description: str,
        pattern: events.EventPattern,
        functions: Sequence[lambda_.IFunction],
    ) -> None:
        events.Rule(
            self,
            construct_id,
            description=description,
            event_pattern=pattern,
            targets=[targets.LambdaFunction(f, retry_attempts=3) for f in functions],
        )
