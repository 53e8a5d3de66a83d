"""A person decides; nobody answering in time is an outcome of its own."""

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from mlops_stacks.constructs.data_store import PREDICTIONS_PREFIX
from mlops_stacks.constructs.workflow.expressions import RELEASE, jsonata
from mlops_stacks.constructs.workflow.failure import FailurePath
from mlops_stacks.constructs.workflow.retries import retry_lambda

REJECTED_ERROR = "ReleaseRejected"
TIMED_OUT_ERROR = "ApprovalTimedOut"


class ApprovalStates(Construct):
    """Mails the question, waits for the decision, goes on only if it is yes.

    Leaves the variable `decision` = {decision, decidedBy, reason, decidedAt}.

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
        bucket: s3.IBucket,
        ask: lambda_.IFunction,
        mail: lambda_.IFunction,
        approved: sfn.IChainable,
        failure: FailurePath,
    ) -> None:
        super().__init__(scope, construct_id)
        self._model_name = model_name
        self._mail = mail

        # A retry of the question must keep the id that the first mail may already carry.
        self.start = sfn.Pass.jsonata(
            self, "Open an approval", assign={"approvalId": jsonata("$uuid()")}
        )
        question = tasks.LambdaInvoke.jsonata(
            self,
            "Ask for approval",
            integration_pattern=sfn.IntegrationPattern.WAIT_FOR_TASK_TOKEN,
            lambda_function=ask,
            task_timeout=sfn.Timeout.duration(timeout),
            payload=sfn.TaskInput.from_object(
                {
                    "taskToken": jsonata("$states.context.Task.Token"),
                    "approvalId": jsonata("$approvalId"),
                    "modelName": model_name,
                    **RELEASE,
                    "jobName": jsonata("$jobName"),
                    "bucket": bucket.bucket_name,
                    "predictionsPrefix": jsonata(f"'{PREDICTIONS_PREFIX}' & $jobName & '/'"),
                    "evaluation": jsonata("$evaluation"),
                    "timeoutSeconds": timeout.to_seconds(),
                }
            ),
            assign={"decision": jsonata("$states.result")},
        )
        retry_lambda(question)
        question.add_catch(self._timed_out(), errors=["States.Timeout"])
        failure.catch(question)
        decided = sfn.Choice.jsonata(self, "Approved?")
        decided.when(
            sfn.Condition.jsonata(jsonata("$decision.decision = 'approved'")), approved
        ).otherwise(self._rejected())
        self.start.next(question).next(decided)

    def _rejected(self) -> sfn.IChainable:
        return self._told(
            mail_id="Mail the rejection",
            outcome="rejected",
            details={"decision": jsonata("$decision"), "evaluation": jsonata("$evaluation")},
            end=sfn.Fail.jsonata(
                self,
                "Rejected",
                error=REJECTED_ERROR,
                cause=jsonata("'Rejected by ' & $decision.decidedBy & ': ' & $decision.reason"),
            ),
        )

    def _timed_out(self) -> sfn.IChainable:
        return self._told(
            mail_id="Mail that nobody answered",
            outcome="approvalTimedOut",
            details={"evaluation": jsonata("$evaluation")},
            end=sfn.Fail.jsonata(
                self,
                "Approval timed out",
                error=TIMED_OUT_ERROR,
                cause="Nobody approved or rejected the release in time",
            ),
        )

    def _told(
        self, *, mail_id: str, outcome: str, details: dict[str, str], end: sfn.Fail
    ) -> sfn.IChainable:
        mail = tasks.LambdaInvoke.jsonata(
            self,
            mail_id,
            lambda_function=self._mail,
            payload=sfn.TaskInput.from_object(
                {"outcome": outcome, "modelName": self._model_name, **RELEASE, **details}
            ),
        )
        retry_lambda(mail)
        mail.add_catch(end)  # A mail that cannot be sent must not change the outcome.
        return mail.next(end)
