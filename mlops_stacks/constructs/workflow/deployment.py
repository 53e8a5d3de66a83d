"""The approved model is put on the one stable endpoint."""

from collections.abc import Mapping

from aws_cdk import aws_ec2 as ec2
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
from mlops_stacks.constructs.workflow.expressions import (
    ATTEMPT_NAME,
    COMMIT_TAG,
    jsonata,
    tag_list,
)
from mlops_stacks.constructs.workflow.failure import FailurePath
from mlops_stacks.constructs.workflow.retries import retry_look_up, retry_sagemaker
from mlops_stacks.settings import EndpointSettings

# How the next release, and whoever looks, learns what serves: the configuration says it.
_RELEASE_TAGS: Mapping[str, str] = {
    **COMMIT_TAG,
    "approval": "$approvalId",
    "data": "$data.version",
    "evaluation": "$evaluation.reportKey",
}


class DeploymentStates(Construct):
    """Creates the endpoint, or updates it, by what exists.

    Leaves the variables `configurationName` and `previousConfiguration` (empty for a new
    endpoint).

    Attributes:
        start: the first state.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: EndpointSettings,
        tags: Mapping[str, str],
        endpoint: EndpointCalls,
        changed: sfn.IChainable,
        failure: FailurePath,
    ) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        self._tags = tags
        self._endpoint = endpoint
        self._failure = failure

        self.start = self._configuration()
        look_up = endpoint.describe(
            self,
            "Look up the endpoint",
            previousConfiguration=jsonata("$states.result.EndpointConfigName"),
        )
        create, update = self._create(), self._update()
        busy = endpoint.wait(self, "Wait until the endpoint is free")
        busy.next(look_up)
        self.start.next(look_up).next(self._choose(update=update, busy=busy))
        create.next(changed)
        update.next(changed)

        retry_look_up(look_up)
        failure.catch(look_up, then=self._missing(create))
        retry_sagemaker(self.start)
        failure.catch(self.start)
        overtaken = self._overtaken(busy)
        for state in (create, update):
            retry_sagemaker(state)
            failure.catch(state, then=overtaken)

    def _configuration(self) -> tasks.SageMakerCreateEndpointConfig:
        endpoint = self._settings
        return tasks.SageMakerCreateEndpointConfig.jsonata(
            self,
            "Create the endpoint configuration",
            endpoint_config_name=ATTEMPT_NAME,
            tags=sfn.TaskInput.from_text(tag_list(self._tags, _RELEASE_TAGS)),
            production_variants=[
                tasks.ProductionVariant(
                    variant_name="AllTraffic",
                    model_name=jsonata("$modelName"),
                    initial_instance_count=endpoint.instance_count,
                    instance_type=ec2.InstanceType(endpoint.instance_type.removeprefix("ml.")),
                )
            ],
            assign={"configurationName": ATTEMPT_NAME, "polls": 0},
        )

    def _create(self) -> tasks.SageMakerCreateEndpoint:
        return tasks.SageMakerCreateEndpoint.jsonata(
            self,
            "Create the endpoint",
            # The endpoint outlives the commit that it is created with.
            tags=sfn.TaskInput.from_text(tag_list(self._tags, {})),
            endpoint_name=self._endpoint.endpoint_name,
            endpoint_config_name=jsonata("$configurationName"),
            assign={"polls": 0, "previousConfiguration": ""},
        )

    def _update(self) -> tasks.SageMakerUpdateEndpoint:
        return tasks.SageMakerUpdateEndpoint.jsonata(
            self,
            "Update the endpoint",
            endpoint_name=self._endpoint.endpoint_name,
            endpoint_config_name=jsonata("$configurationName"),
            assign={"polls": 0},
        )

    def _choose(self, *, update: sfn.IChainable, busy: sfn.IChainable) -> sfn.Choice:
        """Update what serves, replace what has failed, wait for what is on its way."""
        delete = self._endpoint.delete(self, "Delete the failed endpoint")
        retry_sagemaker(delete)
        self._failure.catch(delete)
        delete.next(busy)
        too_long = self._failure.explain(
            self,
            "Explain the busy endpoint",
            state="Look up the endpoint",
            error="EndpointTimedOut",
            cause=jsonata("'The endpoint is still ' & $endpoint.status"),
        )
        stuck = self._failure.explain(
            self,
            "Explain the stuck endpoint",
            state="Look up the endpoint",
            error=STUCK_ERROR,
            cause=STUCK_CAUSE,
        )
        return (
            sfn.Choice.jsonata(self, "What does the endpoint do?")
            .when(endpoint_is("InService"), update)
            .when(endpoint_is("Failed"), delete)
            .when(STUCK, stuck)
            .when(STILL_WAITING_TOO_LONG, too_long)
            .otherwise(busy)
        )

    def _missing(self, create: sfn.IChainable) -> sfn.Choice:
        # The look-up of an endpoint that was never made is an error with SageMaker's text only.
        return self._failed_because(
            "Is it the first release?", texts=["Could not find"], then=create
        )

    def _overtaken(self, busy: sfn.IChainable) -> sfn.Choice:
        """Another release may have changed the endpoint since it was looked up."""
        return self._failed_because(
            "Was another release faster?",
            texts=["Cannot update in-progress", "Cannot create already existing"],
            then=busy,
        )

    def _failed_because(
        self, construct_id: str, *, texts: list[str], then: sfn.IChainable
    ) -> sfn.Choice:
        found = " or ".join(f"$contains($failure.cause, '{text}')" for text in texts)
        return (
            sfn.Choice.jsonata(self, construct_id)
            .when(sfn.Condition.jsonata(jsonata(found)), then)
            .otherwise(self._failure.start)
        )
