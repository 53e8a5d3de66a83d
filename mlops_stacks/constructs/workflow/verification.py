"""The endpoint is watched until it serves the new model, then tried, then told of."""

from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from mlops_stacks.constructs.workflow.endpoint_calls import (
    STILL_WAITING_TOO_LONG,
    STUCK,
    STUCK_CAUSE,
    STUCK_ERROR,
    EndpointCalls,
    endpoint_is,
)
from mlops_stacks.constructs.workflow.expressions import RELEASE, jsonata
from mlops_stacks.constructs.workflow.failure import FailurePath
from mlops_stacks.constructs.workflow.retries import retry_lambda, retry_sagemaker


class VerificationStates(Construct):
    """Ends the run: live, or one of the ways in which an endpoint does not come to serve.

    Attributes:
        start: the state to go to once the endpoint is changing.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        model_name: str,
        endpoint: EndpointCalls,
        smoke_test: lambda_.IFunction,
        mail: lambda_.IFunction,
        failure: FailurePath,
    ) -> None:
        super().__init__(scope, construct_id)
        self._model_name = model_name
        self._endpoint = endpoint
        self._failure = failure
        self._smoke_test = smoke_test
        self._mail = mail

        self.start = endpoint.wait(self, "Wait for the endpoint")
        check = endpoint.describe(self, "Check the endpoint")
        retry_sagemaker(check)
        failure.catch(check)
        self.start.next(check).next(self._judge())

    def _judge(self) -> sfn.Choice:
        """In service on another configuration is no success, whatever the status says."""
        return (
            sfn.Choice.jsonata(self, "Is the new model live?")
            .when(_serves("$configurationName"), self._try_and_tell())
            .when(_serves("$previousConfiguration"), self._rolled_back())
            .when(endpoint_is("InService"), self._superseded())
            .when(endpoint_is("Failed"), self._failed())
            .when(STUCK, self._stuck())
            .when(STILL_WAITING_TOO_LONG, self._too_long())
            .otherwise(self.start)
        )

    def _rolled_back(self) -> sfn.IChainable:
        return self._explain(
            "Explain the rollback", error="EndpointRolledBack", cause=jsonata("$endpoint.reason")
        )

    def _superseded(self) -> sfn.IChainable:
        return self._explain(
            "Explain the newer release",
            error="ReleaseSuperseded",
            cause=jsonata("'Another release has put the endpoint on ' & $endpoint.configuration"),
        )

    def _stuck(self) -> sfn.IChainable:
        return self._explain(
            "Explain the endpoint that is stuck", error=STUCK_ERROR, cause=STUCK_CAUSE
        )

    def _too_long(self) -> sfn.IChainable:
        return self._explain(
            "Explain the endless wait",
            error="EndpointTimedOut",
            cause=jsonata("'The endpoint is still ' & $endpoint.status"),
        )

    def _failed(self) -> sfn.IChainable:
        failed = self._explain(
            "Explain the failed endpoint", error="EndpointFailed", cause=jsonata("$endpoint.reason")
        )
        remove = self._endpoint.delete(self, "Remove the failed endpoint")
        retry_sagemaker(remove)
        remove.add_catch(failed)  # The endpoint's own reason matters more.
        return remove.next(failed)

    def _explain(self, construct_id: str, *, error: str, cause: str) -> sfn.Pass:
        return self._failure.explain(
            self, construct_id, state=self.start.state_id, error=error, cause=cause
        )

    def _try_and_tell(self) -> sfn.IChainable:
        smoke_test = tasks.LambdaInvoke.jsonata(
            self,
            "Try the endpoint",
            lambda_function=self._smoke_test,
            payload=sfn.TaskInput.from_object(
                {
                    "row": jsonata("$evaluation.sampleRow"),
                    "expected": jsonata("$evaluation.samplePrediction"),
                }
            ),
        )
        retry_lambda(smoke_test)
        self._failure.catch(smoke_test)
        live_model = {
            **RELEASE,
            "modelName": jsonata("$modelName"),
            "endpointName": self._endpoint.endpoint_name,
            "endpointConfigName": jsonata("$configurationName"),
            "decision": jsonata("$decision"),
            "evaluation": jsonata("$evaluation"),
        }
        mail = tasks.LambdaInvoke.jsonata(
            self,
            "Mail the inference link",
            lambda_function=self._mail,
            payload=sfn.TaskInput.from_object(
                {
                    "outcome": "live",
                    "modelName": self._model_name,
                    **RELEASE,
                    "endpointName": self._endpoint.endpoint_name,
                    "decision": jsonata("$decision"),
                    "evaluation": jsonata("$evaluation"),
                }
            ),
            outputs=live_model,
        )
        retry_lambda(mail)
        live = sfn.Succeed.jsonata(self, "Live")
        # A mail that cannot be sent must not change the outcome.
        mail.add_catch(live, outputs=live_model)
        return smoke_test.next(mail).next(live)


def _serves(configuration: str) -> sfn.Condition:
    return sfn.Condition.jsonata(
        jsonata(f"$endpoint.status = 'InService' and $endpoint.configuration = {configuration}")
    )
