"""People decide; a reminder comes at half-time; nobody answering is an outcome of its own."""

from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from mlops_stacks.constructs.workflow.expressions import RELEASE, jsonata
from mlops_stacks.constructs.workflow.failure import FailurePath
from mlops_stacks.constructs.workflow.retries import retry_lambda

REJECTED_ERROR = "ReleaseRejected"
SUPERSEDED_ERROR = "ReleaseSuperseded"
TIMED_OUT_ERROR = "ApprovalTimedOut"


@dataclass(frozen=True, kw_only=True)
class ApprovalCalls:
    """The functions that the states call."""

    ask: lambda_.IFunction
    close: lambda_.IFunction
    mail: lambda_.IFunction


class ApprovalStates(Construct):
    """Mails the question, waits for the decision, goes on only if it is yes.

    Leaves the variable `decision` = {decision, decidedBy, reason, decidedAt, votes}.

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
        approved: sfn.IChainable,
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
        decided = self._choose(approved)

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
                    "pipelineExecutionId": jsonata("$pipelineExecutionId"),
                    "evidence": jsonata("$evidence"),
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

    def _choose(self, approved: sfn.IChainable) -> sfn.Choice:
        rejected = self._told(
            "Mail the rejection",
            outcome="rejected",
            end=sfn.Fail.jsonata(
                self,
                "Rejected",
                error=REJECTED_ERROR,
                cause=jsonata("'Rejected by ' & $decision.decidedBy & ': ' & $decision.reason"),
            ),
        )
        superseded = self._told(
            "Mail that it was superseded",
            outcome="superseded",
            end=sfn.Fail.jsonata(
                self, "Superseded", error=SUPERSEDED_ERROR, cause=jsonata("$decision.reason")
            ),
        )
        timed_out = self._told(
            "Mail that nobody answered",
            outcome="approvalTimedOut",
            end=sfn.Fail.jsonata(
                self,
                "Approval timed out",
                error=TIMED_OUT_ERROR,
                cause="Too few people approved the release in time, and nobody rejected it",
            ),
        )
        return (
            sfn.Choice.jsonata(self, "Approved?")
            .when(_decided("approved"), approved)
            .when(_decided("rejected"), rejected)
            .when(_decided("superseded"), superseded)
            .otherwise(timed_out)
        )

    def _told(self, mail_id: str, *, outcome: str, end: sfn.Fail) -> sfn.IChainable:
        mail = tasks.LambdaInvoke.jsonata(
            self,
            mail_id,
            lambda_function=self._calls.mail,
            payload=sfn.TaskInput.from_object(
                {
                    "outcome": outcome,
                    "modelName": self._model_name,
                    **RELEASE,
                    "decision": jsonata("$decision"),
                    "evaluation": jsonata("$evaluation"),
                }
            ),
        )
        retry_lambda(mail)
        mail.add_catch(end)  # A mail that cannot be sent must not change the outcome.
        return mail.next(end)


def _decided(how: str) -> sfn.Condition:
    return sfn.Condition.jsonata(jsonata(f"$decision.decision = '{how}'"))
