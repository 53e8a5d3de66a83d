"""The approved model is put on the one stable endpoint."""

from collections.abc import Mapping

from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from mlops_stacks.constructs.workflow.before_update import BeforeUpdateStates
from mlops_stacks.constructs.workflow.endpoint_calls import (
    STUCK,
    STUCK_CAUSE,
    STUCK_ERROR,
    EndpointCalls,
    endpoint_is,
)
from mlops_stacks.constructs.workflow.endpoint_configuration import create_configuration
from mlops_stacks.constructs.workflow.expressions import (
    COMMIT_TAG,
    EXECUTION_NAME,
    jsonata,
    tag_list,
)
from mlops_stacks.constructs.workflow.failure import FailurePath
from mlops_stacks.constructs.workflow.retries import retry_look_up, retry_sagemaker
from mlops_stacks.constructs.workflow.rollout import Rollout
from mlops_stacks.settings import Settings

# How the next release, and whoever looks, learns what serves: the configuration says it.
_RELEASE_TAGS: Mapping[str, str] = {
    **COMMIT_TAG,
    "approval": "$approvalId",
    "data": "$data.version",
    "evaluation": "$evaluation.reportKey",
    "version": "$version.modelPackageArn",
}
# Else nothing would tell a version that was put back from its own release.
_PUT_BACK_TAG = f"$putBack ? {{'Key': 'putBackBy', 'Value': {EXECUTION_NAME}}}"
_IN_SERVICE_TO_PUT_BACK = sfn.Condition.jsonata(
    jsonata("$endpoint.status = 'InService' and $putBack")
)


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
        settings: Settings,
        bucket: s3.IBucket,
        key: kms.IKey,
        endpoint: EndpointCalls,
        rollout: Rollout,
        changed: sfn.IChainable,
        failure: FailurePath,
    ) -> None:
        super().__init__(scope, construct_id)
        self._tags = settings.tags
        self._endpoint = endpoint
        self._failure = failure

        self.start = create_configuration(
            self,
            "Create the endpoint configuration",
            settings=settings.endpoint,
            tags=tag_list(settings.tags, _RELEASE_TAGS, more=_PUT_BACK_TAG),
            bucket_name=bucket.bucket_name,
            key=key,
        )
        look_up = endpoint.describe(
            self,
            "Look up the endpoint",
            previousConfiguration=jsonata("$states.result.EndpointConfigName"),
        )
        create = self._create()
        update = endpoint.update(
            self,
            "Update the endpoint",
            configuration=jsonata("$configurationName"),
            how=rollout.of_release(),
        )
        busy = endpoint.wait(self, "Wait until the endpoint is free")
        busy.next(look_up)
        before = BeforeUpdateStates(
            self,
            "BeforeUpdate",
            alarms=rollout.alarms,
            scales=settings.endpoint.autoscaling is not None,
            endpoint_name=endpoint.endpoint_name,
            update=update,
            failure=failure,
        )
        self.start.next(look_up).next(self._choose(before=before, busy=busy))
        create.next(changed)
        update.next(changed)

        retry_look_up(look_up)
        failure.catch(look_up, then=self._missing(create))
        failure.catch(self.start)
        overtaken = self._overtaken(busy)
        for state in (create, update):
            retry_sagemaker(state)
            failure.catch(state, then=overtaken)

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

    def _choose(self, *, before: BeforeUpdateStates, busy: sfn.IChainable) -> sfn.Choice:
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
            .when(_IN_SERVICE_TO_PUT_BACK, before.put_back)
            .when(endpoint_is("InService"), before.release)
            .when(endpoint_is("Failed"), delete)
            .when(STUCK, stuck)
            .when(self._endpoint.waiting_too_long, too_long)
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
