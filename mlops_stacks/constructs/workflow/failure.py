"""The one path that every failing state takes."""

from collections.abc import Sequence

from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from mlops_stacks.constructs.workflow.expressions import (
    ATTEMPT_NAME,
    RELEASE,
    TRAINED_BEFORE,
    VERSION,
    jsonata,
    readable,
)
from mlops_stacks.constructs.workflow.retries import retry_lambda
from mlops_stacks.constructs.workflow.version_status import set_status

ROLLED_BACK_ERROR = "EndpointRolledBack"
FAILED_ERROR = "EndpointFailed"
SMOKE_TEST_ERROR = "SmokeTestFailed"

_CAUSE_LIMIT = 30_000  # A Fail state takes 32,768 characters.
# What a version itself is to blame for; it was approved before.
_FAULTS = (ROLLED_BACK_ERROR, FAILED_ERROR, SMOKE_TEST_ERROR)
# Nor is it to blame for machines that AWS or the account has none of.
_NO_MACHINES = "capacity|insufficient|resourcelimitexceeded|service limit"


def note_failure(state: sfn.State, *, attempt: str = ATTEMPT_NAME) -> dict[str, object]:
    """The variable `failure` of a state that has failed, for its Catch."""
    return {
        "failure": {
            "state": state.state_id,
            "attempt": attempt,
            "error": jsonata("$states.errorOutput.Error"),
            "cause": jsonata("$exists($states.errorOutput.Cause) ? $states.errorOutput.Cause : ''"),
        }
    }


class FailurePath(Construct):
    """Mails what failed and why, then ends the run with the original error.

    Attributes:
        start: the state to go to, with the variable `failure` = {state, error, cause} assigned;
            `attempt` beside them is the name that the state gave to its job.
        of_deployment: the state to go to where the new version may be at fault; it is rejected.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        mail: lambda_.IFunction,
        model_name: str,
        endpoint_name: str,
    ) -> None:
        super().__init__(scope, construct_id)
        failed = sfn.Fail.jsonata(
            self,
            "Release failed",
            error=jsonata("$failure.error"),
            cause=jsonata(f"$substring($failure.cause, 0, {_CAUSE_LIMIT})"),
        )
        self.start = tasks.LambdaInvoke.jsonata(
            self,
            "Mail the failure",
            lambda_function=mail,
            payload=sfn.TaskInput.from_object(
                {
                    "outcome": "failed",
                    "modelName": model_name,
                    **RELEASE,
                    "failure": jsonata("$failure"),
                    "endpointName": endpoint_name,
                    "previousConfiguration": jsonata("$previousConfiguration"),
                    "version": VERSION,
                    "trainedBefore": TRAINED_BEFORE,
                    "putBack": jsonata("$putBack"),
                }
            ),
        )
        retry_lambda(self.start)
        self.start.add_catch(failed)  # A mail that cannot be sent must not hide the error.
        self.start.next(failed)
        self.of_deployment = self._of_deployment()

    def _of_deployment(self) -> sfn.Choice:
        """A version that was put back has served before; a new one is not to be put back ever."""
        reject = set_status(
            self,
            "Reject the failed version",
            status="Rejected",
            description="'It did not come to serve: ' & $failure.error & ': ' & "
            + readable("$failure.cause"),
        )
        reject.add_catch(self.start)  # Why it failed matters more.
        reject.next(self.start)
        errors = ", ".join(f"'{error}'" for error in _FAULTS)
        return (
            sfn.Choice.jsonata(self, "Is a new version at fault?")
            .when(
                sfn.Condition.jsonata(
                    jsonata(
                        f"$putBack = false and $failure.error in [{errors}]"
                        f" and $not($failure.error != '{SMOKE_TEST_ERROR}'"
                        f" and $contains($failure.cause, /{_NO_MACHINES}/i))"
                    )
                ),
                reject,
            )
            .otherwise(self.start)
        )

    def catch(
        self,
        state: sfn.TaskStateBase | sfn.CustomState | sfn.Map,
        *,
        errors: Sequence[str] = ("States.ALL",),
        then: sfn.IChainable | None = None,
    ) -> None:
        """Note errors of a state as `failure`, then go here, or to another state first."""
        state.add_catch(then or self.start, errors=list(errors), assign=note_failure(state))

    def explain(
        self,
        scope: Construct,
        construct_id: str,
        *,
        state: str,
        error: str,
        cause: str,
        then: sfn.IChainable | None = None,
    ) -> sfn.Pass:
        """A state that names a failure which no service has raised, and comes here, or goes on.

        Args:
            state: the state that a person would say has failed.
            error: the error's name.
            cause: plain text or a JSONata expression.
            then: where to go on, if not here.
        """
        explanation = sfn.Pass.jsonata(
            scope,
            construct_id,
            assign={"failure": {"state": state, "error": error, "cause": cause}},
        )
        explanation.next(then or self.start)
        return explanation
