"""People decide; a reminder comes at half-time; nobody answering is an outcome of its own."""

from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from mlops_stacks.constructs.workflow.expressions import RELEASE, VERSION, jsonata
from mlops_stacks.constructs.workflow.failure import FailurePath
from mlops_stacks.constructs.workflow.retries import retry_lambda


@dataclass(frozen=True, kw_only=True)
class ApprovalCalls:
    """The functions that the states call."""

    ask: lambda_.IFunction
    close: lambda_.IFunction


class ApprovalStates(Construct):
    """Mails the question and waits for the decision, whatever it is.

    Leaves the variable `decision` = {decision, decidedBy, reason, decidedAt, votes}.

    Args:
        decided: where to go on.

    Attributes:
        start: the first state.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        model_name: str,
        timeout: Duration,
        calls: ApprovalCalls,
        decided: sfn.IChainable,
        failure: FailurePath,
    ) -> None:
        super().__init__(scope, construct_id)
        self._model_name = model_name
        self._timeout = timeout
        self._calls = calls

        half = Duration.seconds(timeout.to_seconds() // 2)
        rest = timeout.minus(half)
        self.start = self._question("Ask for approval", waits=half, reminder=False)
        remind = self._question("Remind the approvers", waits=rest, reminder=True)
        close = self._close()

        self.start.add_catch(remind, errors=["States.Timeout"])
        failure.catch(self.start)
        remind.add_catch(close, errors=["States.Timeout"])
        # A reminder that fails as a whole must not end what people may still decide: the table
        # takes their votes, and the state that closes the approval hears of them. A mail alone
        # that cannot be sent fails nothing.
        unreminded = sfn.Wait.jsonata(
            self, "Wait without a reminder", time=sfn.WaitTime.duration(rest)
        )
        unreminded.next(close)
        remind.add_catch(unreminded)
        failure.catch(close)
        for state in (self.start, remind, close):
            retry_lambda(state)
            state.next(decided)

    def _question(
        self, construct_id: str, *, waits: Duration, reminder: bool
    ) -> tasks.LambdaInvoke:
        return tasks.LambdaInvoke.jsonata(
            self,
            construct_id,
            integration_pattern=sfn.IntegrationPattern.WAIT_FOR_TASK_TOKEN,
            lambda_function=self._calls.ask,
            task_timeout=sfn.Timeout.duration(waits),
            payload=sfn.TaskInput.from_object(
                {
                    "taskToken": jsonata("$states.context.Task.Token"),
                    "approvalId": jsonata("$approvalId"),
                    "modelName": self._model_name,
                    **RELEASE,
                    "startedAt": jsonata("$startedAt"),
                    "committer": jsonata("$committer"),
                    "trigger": jsonata("$trigger"),
                    "pipelineExecutionId": jsonata("$pipelineExecutionId"),
                    "evidence": jsonata("$evidence"),
                    "modelPackageArn": jsonata("$version.modelPackageArn"),
                    "version": VERSION,
                    "timeoutSeconds": self._timeout.to_seconds(),
                    "reminder": reminder,
                }
            ),
            assign={"decision": jsonata("$states.result")},
        )

    def _close(self) -> tasks.LambdaInvoke:
        """The end of the time, or a decision of the last moment: the table knows which."""
        return tasks.LambdaInvoke.jsonata(
            self,
            "Close the approval",
            lambda_function=self._calls.close,
            payload=sfn.TaskInput.from_object({"approvalId": jsonata("$approvalId")}),
            assign={"decision": jsonata("$states.result.Payload")},
        )
