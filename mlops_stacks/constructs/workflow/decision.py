"""What a decision leads to: the registry is told, and, unless it is yes, people are mailed."""

from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from mlops_stacks.constructs.workflow.expressions import RELEASE, TRAINED_BEFORE, VERSION, jsonata
from mlops_stacks.constructs.workflow.failure import FailurePath
from mlops_stacks.constructs.workflow.retries import retry_lambda
from mlops_stacks.constructs.workflow.version_status import set_status

REJECTED_ERROR = "ReleaseRejected"
SUPERSEDED_ERROR = "ReleaseSuperseded"
TIMED_OUT_ERROR = "ApprovalTimedOut"

_BECAUSE = "($decision.reason = '' ? '' : ': ' & $decision.reason)"
_NOBODY = "Too few people approved the release in time, and nobody rejected it"
# The registry takes letters, digits, blanks and _.:/=+-@, from 1 to 256 of them, and no commas:
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateModelPackage.html
_WHO = r"$substring($trim($replace($decision.decidedBy, /[^a-zA-Z0-9 _.:\/=+@-]/, '')), 0, 256)"
_DECIDED = (
    f"($who := {_WHO}; $merge([{{'decidedAt': $decision.decidedAt}},"
    " $who = '' ? {} : {'decidedBy': $who}]))"
)


class DecisionStates(Construct):
    """Goes on only if the decision is yes.

    Args:
        deploy: where an approved version goes.

    Attributes:
        start: the first state.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        model_name: str,
        mail: lambda_.IFunction,
        deploy: sfn.IChainable,
        failure: FailurePath,
    ) -> None:
        super().__init__(scope, construct_id)
        self._model_name = model_name
        self._mail = mail
        approve = set_status(
            self,
            "Approve the version",
            status="Approved",
            description=f"'Approved by ' & $decision.decidedBy & {_BECAUSE}",
            metadata=_DECIDED,
        )
        failure.catch(approve)
        approve.next(deploy)
        reject = set_status(
            self,
            "Reject the undecided version",
            status="Rejected",
            description=f"$decision.decision = 'rejected'"
            f" ? 'Rejected by ' & $decision.decidedBy & {_BECAUSE}"
            " : $decision.decision = 'superseded' ? 'Superseded: ' & $decision.reason"
            f" : '{_NOBODY}'",
        )
        why = self._choose()
        # The end of the release is counted by a function that rejects what is still undecided.
        reject.add_catch(why)
        reject.next(why)
        self.start = (
            sfn.Choice.jsonata(self, "Approved?")
            .when(_decided("approved"), approve)
            .otherwise(reject)
        )

    def _choose(self) -> sfn.Choice:
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
            end=sfn.Fail.jsonata(self, "Approval timed out", error=TIMED_OUT_ERROR, cause=_NOBODY),
        )
        return (
            sfn.Choice.jsonata(self, "What was decided?")
            .when(_decided("rejected"), rejected)
            .when(_decided("superseded"), superseded)
            .otherwise(timed_out)
        )

    def _told(self, mail_id: str, *, outcome: str, end: sfn.Fail) -> sfn.IChainable:
        mail = tasks.LambdaInvoke.jsonata(
            self,
            mail_id,
            lambda_function=self._mail,
            payload=sfn.TaskInput.from_object(
                {
                    "outcome": outcome,
                    "modelName": self._model_name,
                    **RELEASE,
                    "decision": jsonata("$decision"),
                    "evaluation": jsonata("$evaluation"),
                    "version": VERSION,
                    "trainedBefore": TRAINED_BEFORE,
                }
            ),
        )
        retry_lambda(mail)
        mail.add_catch(end)  # A mail that cannot be sent must not change the outcome.
        return mail.next(end)


def _decided(how: str) -> sfn.Condition:
    return sfn.Condition.jsonata(jsonata(f"$decision.decision = '{how}'"))
