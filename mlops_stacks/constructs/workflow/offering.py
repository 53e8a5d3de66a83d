"""A model that is live in the first environment is offered to the next ones."""

from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from mlops_stacks.constructs.data_store import OFFERS_PREFIX
from mlops_stacks.constructs.workflow.expressions import RELEASE, jsonata
from mlops_stacks.constructs.workflow.failure import FailurePath
from mlops_stacks.constructs.workflow.retries import retry_lambda


class OfferingStates(Construct):
    """Offers what the pipeline has released; the next environments belong to the same run of it.

    Args:
        then: where to go on.

    Attributes:
        start: the first state.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        bucket: s3.IBucket,
        make_offer: lambda_.IFunction,
        then: sfn.IChainable,
        failure: FailurePath,
    ) -> None:
        super().__init__(scope, construct_id)
        offer = tasks.LambdaInvoke.jsonata(
            self,
            "Offer the model",
            lambda_function=make_offer,
            payload=sfn.TaskInput.from_object(
                {
                    "bucket": bucket.bucket_name,
                    "offerKey": jsonata(f"'{OFFERS_PREFIX}' & $pipelineExecutionId & '.json'"),
                    **RELEASE,
                    "modelData": jsonata("$modelData"),
                    "modelPackageArn": jsonata("$version.modelPackageArn"),
                    "number": jsonata("$version.number"),
                    "evidence": jsonata("$evidence"),
                    "data": jsonata("$data"),
                }
            ),
            outputs={},
        )
        retry_lambda(offer)
        failure.catch(offer)
        offer.next(then)
        # Neither a version that is put back nor what somebody starts by hand goes on from here.
        offered = sfn.Condition.jsonata(jsonata("$pipelineExecutionId != '' and $not($putBack)"))
        self.start = (
            sfn.Choice.jsonata(self, "Do others wait for it?").when(offered, offer).otherwise(then)
        )
