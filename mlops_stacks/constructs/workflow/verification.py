"""The endpoint is watched until it serves the new model, or it is known why it does not."""

from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from mlops_stacks.constructs.workflow.endpoint_calls import (
    STUCK,
    STUCK_CAUSE,
    STUCK_ERROR,
    EndpointCalls,
    endpoint_is,
    serves,
)
from mlops_stacks.constructs.workflow.expressions import jsonata
from mlops_stacks.constructs.workflow.failure import (
    FAILED_ERROR,
    ROLLED_BACK_ERROR,
    FailurePath,
)
from mlops_stacks.constructs.workflow.retries import retry_sagemaker, retry_watching


class VerificationStates(Construct):
    """Goes on once the new model is live, or ends the run.

    Args:
        live: where to go on.

    Attributes:
        start: the state to go to once the endpoint is changing.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        endpoint: EndpointCalls,
        live: sfn.IChainable,
        failure: FailurePath,
    ) -> None:
        super().__init__(scope, construct_id)
        self._endpoint = endpoint
        self._failure = failure

        self.start = endpoint.wait(self, "Wait for the endpoint")
        check = endpoint.describe(self, "Check the endpoint")
        retry_watching(check)
        failure.catch(check)
        self.start.next(check).next(self._judge(live))

    def _judge(self, live: sfn.IChainable) -> sfn.Choice:
        """In service on another configuration is no success, whatever the status says."""
        return (
            sfn.Choice.jsonata(self, "Is the new model live?")
            .when(serves("$configurationName"), live)
            .when(serves("$previousConfiguration"), self._rolled_back())
            .when(endpoint_is("InService"), self._superseded())
            .when(endpoint_is("Failed"), self._failed())
            .when(STUCK, self._stuck())
            .when(self._endpoint.waiting_too_long, self._too_long())
            .otherwise(self.start)
        )

    def _rolled_back(self) -> sfn.IChainable:
        return self._explain(
            "Explain the rollback",
            error=ROLLED_BACK_ERROR,
            cause=jsonata("$endpoint.reason"),
            then=self._failure.of_deployment,
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
            "Explain the failed endpoint",
            error=FAILED_ERROR,
            cause=jsonata("$endpoint.reason"),
            then=self._failure.of_deployment,
        )
        remove = self._endpoint.delete(self, "Remove the failed endpoint")
        retry_sagemaker(remove)
        remove.add_catch(failed)  # The endpoint's own reason matters more.
        return remove.next(failed)

    def _explain(
        self, construct_id: str, *, error: str, cause: str, then: sfn.IChainable | None = None
    ) -> sfn.Pass:
        return self._failure.explain(
            self, construct_id, state=self.start.state_id, error=error, cause=cause, then=then
        )
