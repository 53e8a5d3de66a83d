"""An approved version is put back: no training, no question; it was answered before."""

from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from mlops_stacks.constructs.workflow.expressions import jsonata, release_name
from mlops_stacks.constructs.workflow.failure import FailurePath
from mlops_stacks.constructs.workflow.model import create_model
from mlops_stacks.constructs.workflow.retries import retry_lambda
from mlops_stacks.settings import Settings


class PutBackStates(Construct):
    """Leaves all variables that a deployment needs, as training and approval would have.

    The model is made again: its own may be deleted, or may have another role.

    Args:
        deploy: where to go on.

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
        find_version: lambda_.IFunction,
        serving_role: iam.IRole,
        deploy: sfn.IChainable,
        failure: FailurePath,
    ) -> None:
        super().__init__(scope, construct_id)
        names = settings.names
        self.start = tasks.LambdaInvoke.jsonata(
            self,
            "Look up the version",
            lambda_function=find_version,
            payload=sfn.TaskInput.from_object(
                {
                    "modelPackageArn": jsonata("$states.input.modelPackageArn"),
                    "groupName": names.model_package_group,
                    "modelName": names.model,
                    "bucket": bucket.bucket_name,
                }
            ),
            assign={
                **{
                    name: jsonata(f"$states.result.Payload.{name}")
                    for name in (
                        "approvalId",
                        "commitId",
                        "data",
                        "decision",
                        "evaluation",
                        "imageUri",
                        "modelData",
                    )
                },
                "releaseName": release_name(names.model, "$states.result.Payload.commitId"),
                "version": {
                    "modelPackageArn": jsonata("$states.result.Payload.modelPackageArn"),
                    "number": jsonata("$states.result.Payload.number"),
                },
            },
        )
        retry_lambda(self.start)
        model = create_model(
            self,
            "Create the model again",
            role=serving_role,
            tags=settings.tags,
            isolated=settings.endpoint.serverless is None,
        )
        failure.catch(self.start)
        failure.catch(model)
        self.start.next(model).next(deploy)
