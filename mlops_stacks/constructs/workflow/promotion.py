"""The model that the first environment has released, in place of a training."""

from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from mlops_stacks.constructs.data_store import MODELS_PREFIX
from mlops_stacks.constructs.workflow.expressions import COMMIT_ID, IMAGE_URI, jsonata
from mlops_stacks.constructs.workflow.failure import FailurePath
from mlops_stacks.constructs.workflow.retries import retry_lambda
from mlops_stacks.settings_environments import Place


class PromotionStates(Construct):
    """Leaves what training would: `jobName`, `trainingJob`, `modelData`; and where it is from.

    `trainedBefore` is the version of the first environment, `training` and `trainData` are what is
    known there of the training.

    Args:
        first: the environment that offers.

    Attributes:
        start: the only state.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        first: Place,
        bucket: s3.IBucket,
        take_offer: lambda_.IFunction,
        failure: FailurePath,
    ) -> None:
        super().__init__(scope, construct_id)
        taken = "$states.result.Payload"
        self.start = tasks.LambdaInvoke.jsonata(
            self,
            "Take the offer",
            lambda_function=take_offer,
            payload=sfn.TaskInput.from_object(
                {
                    "bucket": bucket.bucket_name,
                    # As SageMaker would have written it.
                    "modelKey": jsonata(
                        f"'{MODELS_PREFIX}' & $releaseName & '/output/model.tar.gz'"
                    ),
                    "offerBucket": first.bucket,
                    "offerKey": jsonata("$offerKey"),
                    "commitId": COMMIT_ID,
                    "imageUri": IMAGE_URI,
                }
            ),
            assign={
                # Predictions and figures are this environment's own.
                "jobName": jsonata("$releaseName & '-0'"),
                **{
                    name: jsonata(f"{taken}.{name}")
                    for name in (
                        "modelData",
                        "trainData",
                        "trainedBefore",
                        "training",
                        "trainingJob",
                    )
                },
            },
        )
        retry_lambda(self.start)
        failure.catch(self.start)
