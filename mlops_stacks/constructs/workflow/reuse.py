"""A training that was paid for already is not paid for again."""

from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from mlops_stacks.constructs.data_store import MODELS_PREFIX
from mlops_stacks.constructs.workflow.expressions import IMAGE_URI, jsonata
from mlops_stacks.constructs.workflow.failure import FailurePath
from mlops_stacks.constructs.workflow.retries import retry_lambda
from mlops_stacks.settings import Settings


class ReuseStates(Construct):
    """Leaves the variables `fingerprint` and, past training, `trainedBefore` and what training has.

    Args:
        train: where a model is trained.
        trained: where to go on past training, with `jobName`, `trainingJob` and `modelData`.

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
        find_training: lambda_.IFunction,
        train: sfn.IChainable,
        trained: sfn.IChainable,
        failure: FailurePath,
    ) -> None:
        super().__init__(scope, construct_id)
        self.start = tasks.LambdaInvoke.jsonata(
            self,
            "Look for the same training",
            lambda_function=find_training,
            payload=sfn.TaskInput.from_object(
                {
                    "groupName": settings.names.model_package_group,
                    "bucket": bucket.bucket_name,
                    "modelsPrefix": MODELS_PREFIX,
                    "imageUri": IMAGE_URI,
                    "data": jsonata("$data"),
                    "hyperparameters": settings.model.hyperparameters_as_text,
                    "instanceType": settings.training.instance_type,
                    "reuse": settings.training.skip_unchanged,
                }
            ),
            assign={
                "training": jsonata("$states.result.Payload"),
                "fingerprint": jsonata("$states.result.Payload.fingerprint"),
            },
        )
        retry_lambda(self.start)
        failure.catch(self.start)
        take = sfn.Pass.jsonata(
            self,
            "Take the trained model",
            assign={
                # Predictions and figures are this release's own.
                "jobName": jsonata("$releaseName & '-0'"),
                "trainingJob": jsonata("$training.trainingJob"),
                "modelData": jsonata("$training.modelData"),
                "trainedBefore": jsonata("$training.trainedBefore"),
            },
        )
        take.next(trained)
        self.start.next(
            sfn.Choice.jsonata(self, "Trained already?")
            .when(sfn.Condition.jsonata(jsonata("$training.found = true")), take)
            .otherwise(train)
        )
