"""Every candidate becomes a version; one that is not good enough reaches no approver."""

from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from mlops_stacks.constructs.workflow.expressions import (
    RELEASE,
    TRAINED_BEFORE,
    VERSION,
    jsonata,
)
from mlops_stacks.constructs.workflow.failure import FailurePath
from mlops_stacks.constructs.workflow.retries import retry_lambda
from mlops_stacks.constructs.workflow.version_status import set_status
from mlops_stacks.names import Names

GATE_ERROR = "QualityGateFailed"


class RegistryStates(Construct):
    """Leaves the variable `version` = {modelPackageArn, number}.

    Args:
        good: where a version goes that has passed the gate.

    Attributes:
        start: the first state.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: Names,
        register: lambda_.IFunction,
        mail: lambda_.IFunction,
        good: sfn.IChainable,
        failure: FailurePath,
    ) -> None:
        super().__init__(scope, construct_id)
        self.start = tasks.LambdaInvoke.jsonata(
            self,
            "Register the version",
            lambda_function=register,
            payload=sfn.TaskInput.from_object(
                {
                    "groupName": names.model_package_group,
                    "modelName": names.model,
                    **RELEASE,
                    "approvalId": jsonata("$approvalId"),
                    "jobName": jsonata("$trainingJob"),
                    "fingerprint": jsonata("$fingerprint"),
                    "modelData": jsonata("$modelData"),
                    "evidence": jsonata("$evidence"),
                }
            ),
            assign={"version": jsonata("$states.result.Payload")},
        )
        retry_lambda(self.start)
        failure.catch(self.start)
        self.start.next(
            sfn.Choice.jsonata(self, "Good enough?")
            .when(sfn.Condition.jsonata(jsonata("$evidence.gate.passed = true")), good)
            .otherwise(self._stopped(names.model, mail))
        )

    def _stopped(self, model_name: str, mail: lambda_.IFunction) -> sfn.CustomState:
        end = sfn.Fail.jsonata(
            self, "Not good enough", error=GATE_ERROR, cause=jsonata("$evidence.gate.summary")
        )
        told = tasks.LambdaInvoke.jsonata(
            self,
            "Mail that the gate stopped it",
            lambda_function=mail,
            payload=sfn.TaskInput.from_object(
                {
                    "outcome": "gateFailed",
                    "modelName": model_name,
                    **RELEASE,
                    "evaluation": jsonata("$evaluation"),
                    "evidence": jsonata("$evidence"),
                    "version": VERSION,
                    "trainedBefore": TRAINED_BEFORE,
                }
            ),
        )
        retry_lambda(told)
        told.add_catch(end)  # A mail that cannot be sent must not change the outcome.
        told.next(end)
        reject = set_status(
            self,
            "Reject the version",
            status="Rejected",
            description="$evidence.gate.summary",
        )
        # The end of the release is counted by a function that rejects what is still undecided.
        reject.add_catch(told)
        reject.next(told)
        return reject
