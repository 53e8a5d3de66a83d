"""The data is looked at before anything is paid for."""

from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from mlops_stacks.constructs.data_store import MANIFESTS_PREFIX, TEST_PREFIX, TRAIN_PREFIX
from mlops_stacks.constructs.workflow.expressions import jsonata
from mlops_stacks.constructs.workflow.failure import FailurePath
from mlops_stacks.constructs.workflow.retries import retry_lambda


class InspectionStates(Construct):
    """Leaves the variable `data`: the version of the data, and where its objects are listed.

    Attributes:
        start: the only state.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        bucket: s3.IBucket,
        inspect: lambda_.IFunction,
        failure: FailurePath,
    ) -> None:
        super().__init__(scope, construct_id)
        self.start = tasks.LambdaInvoke.jsonata(
            self,
            "Look at the data",
            lambda_function=inspect,
            payload=sfn.TaskInput.from_object(
                {
                    "bucket": bucket.bucket_name,
                    "trainPrefix": TRAIN_PREFIX,
                    "testPrefix": TEST_PREFIX,
                    "manifestKey": jsonata(f"'{MANIFESTS_PREFIX}' & $releaseName & '.json'"),
                }
            ),
            assign={"data": jsonata("$states.result.Payload")},
        )
        retry_lambda(self.start)
        failure.catch(self.start)
