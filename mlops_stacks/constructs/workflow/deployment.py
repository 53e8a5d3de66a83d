"""The approved model goes live on the one stable endpoint."""

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from mlops_stacks.constructs.workflow.expressions import ATTEMPT_NAME, RELEASE, jsonata
from mlops_stacks.constructs.workflow.failure import FailurePath
from mlops_stacks.constructs.workflow.retries import (
    retry_lambda,
    retry_look_up,
    retry_sagemaker,
)
from mlops_stacks.constructs.workflow.task_resource import integration
from mlops_stacks.settings import Settings

_POLL = Duration.seconds(20)
_POLLS = 270  # An hour and a half; creation may take longer than ten minutes.


class DeploymentStates(Construct):
    """Creates or updates the endpoint, waits for the new configuration, tries it, tells.

    Attributes:
        start: the first state.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        endpoint_name: str,
        smoke_test: lambda_.IFunction,
        mail: lambda_.IFunction,
        failure: FailurePath,
    ) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        self._endpoint_name = endpoint_name
        self._failure = failure
        self._smoke_test = smoke_test
        self._mail = mail

        self.start = self._configuration()
        look_up = self._describe("Look up the endpoint")
        changed = self._wait("Wait for the endpoint")
        check = self._describe("Check the endpoint")
        changed.next(check).next(self._judge(wait=changed))
        create = self._create()
        create.next(changed)
        update = self._update()
        update.next(changed)
        busy = self._wait("Wait until the endpoint is free")
        busy.next(look_up)
        self.start.next(look_up).next(self._choose(update=update, busy=busy))

        # The look-up of an endpoint that was never made is an error with SageMaker's text only.
        missing = sfn.Choice.jsonata(self, "Is it the first release?")
        missing.when(
            sfn.Condition.jsonata(jsonata("$contains($failure.cause, 'Could not find')")), create
        ).otherwise(failure.start)
        retry_look_up(look_up)
        failure.catch(look_up, then=missing)
        for state in (self.start, create, update, check):
            retry_sagemaker(state)
            failure.catch(state)

    def _configuration(self) -> tasks.SageMakerCreateEndpointConfig:
        endpoint = self._settings.endpoint
        return tasks.SageMakerCreateEndpointConfig.jsonata(
            self,
            "Create the endpoint configuration",
            endpoint_config_name=ATTEMPT_NAME,
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
            endpoint_name=self._endpoint_name,
            endpoint_config_name=jsonata("$configurationName"),
            assign={"polls": 0},
        )

    def _update(self) -> tasks.SageMakerUpdateEndpoint:
        return tasks.SageMakerUpdateEndpoint.jsonata(
            self,
            "Update the endpoint",
            endpoint_name=self._endpoint_name,
            endpoint_config_name=jsonata("$configurationName"),
            assign={"polls": 0},
        )

    def _wait(self, construct_id: str) -> sfn.Wait:
        return sfn.Wait.jsonata(self, construct_id, time=sfn.WaitTime.duration(_POLL))

    def _describe(self, construct_id: str) -> sfn.CustomState:
        return self._call(
            construct_id,
            "describeEndpoint",
            assign={
                "endpoint": {
                    "status": jsonata("$states.result.EndpointStatus"),
                    "configuration": jsonata("$states.result.EndpointConfigName"),
                    "reason": jsonata(
                        "$exists($states.result.FailureReason)"
                        " ? $states.result.FailureReason : 'SageMaker gave no reason'"
                    ),
                },
                "polls": jsonata("$polls + 1"),
            },
        )

    def _delete(self, construct_id: str) -> sfn.CustomState:
        # An endpoint that has failed can only be deleted:
        # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html
        return self._call(construct_id, "deleteEndpoint", assign={})

    def _call(
        self, construct_id: str, action: str, *, assign: Mapping[str, object]
    ) -> sfn.CustomState:
        return sfn.CustomState(
            self,
            construct_id,
            state_json={
                "Type": "Task",
                "Resource": integration("aws-sdk:sagemaker", action),
                "Arguments": {"EndpointName": self._endpoint_name},
                "Assign": assign,
            },
        )

    def _choose(self, *, update: sfn.IChainable, busy: sfn.IChainable) -> sfn.Choice:
        """Update what serves, replace what has failed, wait for what is on its way."""
        delete = self._delete("Delete the failed endpoint")
        retry_sagemaker(delete)
        self._failure.catch(delete)
        delete.next(busy)
        return (
            sfn.Choice.jsonata(self, "What does the endpoint do?")
            .when(_status("InService"), update)
            .when(_status("Failed"), delete)
            .when(_TOO_LONG, self._too_long("Explain the busy endpoint", "Look up the endpoint"))
            .otherwise(busy)
        )

    def _judge(self, *, wait: sfn.IChainable) -> sfn.Choice:
        """In service on the old configuration is a rollback, not a success."""
        reason = jsonata("$endpoint.reason")
        rolled_back = self._failure.explain(
            self,
            "Explain the rollback",
            state="Wait for the endpoint",
            error="EndpointRolledBack",
            cause=reason,
        )
        failed = self._failure.explain(
            self,
            "Explain the failed endpoint",
            state="Wait for the endpoint",
            error="EndpointFailed",
            cause=reason,
        )
        remove = self._delete("Remove the failed endpoint")
        retry_sagemaker(remove)
        remove.add_catch(failed)  # The endpoint's own reason matters more.
        remove.next(failed)
        return (
            sfn.Choice.jsonata(self, "Is the new model live?")
            .when(_NEW_CONFIGURATION_SERVES, self._try_and_tell())
            .when(_status("InService"), rolled_back)
            .when(_status("Failed"), remove)
            .when(_TOO_LONG, self._too_long("Explain the endless wait", "Wait for the endpoint"))
            .otherwise(wait)
        )

    def _too_long(self, construct_id: str, state: str) -> sfn.Pass:
        return self._failure.explain(
            self,
            construct_id,
            state=state,
            error="EndpointTimedOut",
            cause=jsonata("'The endpoint is still ' & $endpoint.status"),
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
        mail = tasks.LambdaInvoke.jsonata(
            self,
            "Mail the inference link",
            lambda_function=self._mail,
            payload=sfn.TaskInput.from_object(
                {
                    "outcome": "live",
                    "modelName": self._settings.model.name,
                    **RELEASE,
                    "endpointName": self._endpoint_name,
                    "decision": jsonata("$decision"),
                    "evaluation": jsonata("$evaluation"),
                }
            ),
            outputs={
                **RELEASE,
                "modelName": jsonata("$modelName"),
                "endpointName": self._endpoint_name,
                "endpointConfigName": jsonata("$configurationName"),
                "decision": jsonata("$decision"),
                "evaluation": jsonata("$evaluation"),
            },
        )
        retry_lambda(mail)
        self._failure.catch(mail)
        return smoke_test.next(mail).next(sfn.Succeed.jsonata(self, "Live"))


def _status(status: str) -> sfn.Condition:
    return sfn.Condition.jsonata(jsonata(f"$endpoint.status = '{status}'"))


_NEW_CONFIGURATION_SERVES = sfn.Condition.jsonata(
    jsonata("$endpoint.status = 'InService' and $endpoint.configuration = $configurationName")
)
_TOO_LONG = sfn.Condition.jsonata(jsonata(f"$polls > {_POLLS}"))
