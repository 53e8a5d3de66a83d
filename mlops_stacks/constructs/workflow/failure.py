"""The one path that every failing state takes."""

from collections.abc import Sequence

from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from mlops_stacks.constructs.workflow.expressions import ATTEMPT_NAME, RELEASE, jsonata
from mlops_stacks.constructs.workflow.retries import retry_lambda

_CAUSE_LIMIT = 30_000  # A Fail state takes 32,768 characters.


class FailurePath(Construct):
    """Mails what failed and why, then ends the run with the original error.

    Attributes:
        start: the state to go to, with the variable `failure` = {state, error, cause} assigned;
            `attempt` beside them is the name that the state gave to its job.
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
                }
            ),
        )
        retry_lambda(self.start)
        self.start.add_catch(failed)  # A mail that cannot be sent must not hide the error.
        self.start.next(failed)

    def catch(
        self,
        state: sfn.TaskStateBase | sfn.CustomState,
        *,
        errors: Sequence[str] = ("States.ALL",),
        then: sfn.IChainable | None = None,
    ) -> None:
        """Note errors of a state as `failure`, then go here, or to another state first."""
        state.add_catch(
            then or self.start,
            errors=list(errors),
            assign={
                "failure": {
                    "state": state.state_id,
                    "attempt": ATTEMPT_NAME,
                    "error": jsonata("$states.errorOutput.Error"),
                    "cause": jsonata(
                        "$exists($states.errorOutput.Cause) ? $states.errorOutput.Cause : ''"
                    ),
                }
            },
        )

    def explain(
        self, scope: Construct, construct_id: str, *, state: str, error: str, cause: str
    ) -> sfn.Pass:
        """A state that names a failure which no service has raised, and comes here.

        Args:
            state: the state that a person would say has failed.
            error: the error's name.
            cause: plain text or a JSONata expression.
        """
        explanation = sfn.Pass.jsonata(
            scope,
            construct_id,
            assign={"failure": {"state": state, "error": error, "cause": cause}},
        )
        explanation.next(self.start)
        return explanation
