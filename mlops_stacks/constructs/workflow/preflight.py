"""What would stop a release later is looked for before anything is paid for."""

from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from mlops_stacks.constructs.data_store import TEST_PREFIX, TRAIN_PREFIX
from mlops_stacks.constructs.workflow.expressions import jsonata
from mlops_stacks.constructs.workflow.failure import FailurePath
from mlops_stacks.constructs.workflow.retries import retry_lambda
from mlops_stacks.settings import Settings


class PreflightStates(Construct):
    """Goes on only if data, approvers, endpoint and quotas let a release come to its end.

    Args:
        trains: whether the release may train: a value, or an expression for one.

    Attributes:
        start: the only state.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        bucket: s3.IBucket,
        preflight: lambda_.IFunction,
        trains: bool | str,
        failure: FailurePath,
    ) -> None:
        super().__init__(scope, construct_id)
        self.start = tasks.LambdaInvoke.jsonata(
            self,
            "Check before paying",
            lambda_function=preflight,
            payload=sfn.TaskInput.from_object(
                {
                    "bucket": bucket.bucket_name,
                    "trainPrefix": TRAIN_PREFIX,
                    "testPrefix": TEST_PREFIX,
                    "trains": trains,
                    "committer": jsonata("$committer"),
                    "endpointName": settings.names.endpoint,
                    "machines": _machines(settings),
                }
            ),
        )
        retry_lambda(self.start)
        failure.catch(self.start)


def _machines(settings: Settings) -> dict[str, object]:
    endpoint, scaling = settings.endpoint, settings.endpoint.autoscaling
    return {
        "training": {
            "instanceType": settings.training.instance_type,
            "spot": settings.training.spot,
        },
        "transform": {
            "instanceType": settings.transform.instance_type,
            "instances": settings.transform.instance_count,
        },
        # A serverless endpoint has neither.
        "endpoint": {
            "instanceType": endpoint.instance_type or "",
            "instances": endpoint.instances,
            "fewest": scaling.min_instances if scaling else endpoint.instances,
            "most": scaling.max_instances if scaling else endpoint.instances,
        },
    }
