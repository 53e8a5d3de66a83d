"""From data to a candidate: train, create the model, predict held-out data."""

from dataclasses import dataclass

from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from mlops_stacks.constructs.data_store import PREDICTIONS_PREFIX
from mlops_stacks.constructs.workflow.expressions import ATTEMPT_NAME, jsonata
from mlops_stacks.constructs.workflow.failure import FailurePath
from mlops_stacks.constructs.workflow.model import create_model
from mlops_stacks.constructs.workflow.prediction import PredictionResources, predict, stop_job
from mlops_stacks.constructs.workflow.training import train
from mlops_stacks.settings import Settings

CANDIDATE_PREDICTIONS = f"'{PREDICTIONS_PREFIX}' & $jobName & '/'"
"""An expression for the prefix of the candidate's predictions."""


@dataclass(frozen=True, kw_only=True)
class ModelRoles:
    """What the container may do while it trains, if it does, and while it serves."""

    training: iam.IRole | None
    serving: iam.IRole


class CandidateStates(Construct):
    """Leaves the variables `jobName`, `trainingJob`, `modelData` and `modelName`.

    Attributes:
        start: where a model is trained; None where that is not done.
        trained: where a release goes on that does not train, with `jobName` (it names predictions),
            `trainingJob` and `modelData` assigned.
        end: the last state.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        resources: PredictionResources,
        roles: ModelRoles,
        failure: FailurePath,
    ) -> None:
        super().__init__(scope, construct_id)
        self._failure = failure
        model = create_model(
            self,
            "Create the model",
            role=roles.serving,
            tags=settings.tags,
            isolated=settings.endpoint.serverless is None,
        )
        self.trained: sfn.IChainable = model
        self.end = predict(
            self,
            "Predict the held-out data",
            resources=resources,
            job_name=ATTEMPT_NAME,
            model_name=jsonata("$modelName"),
            predictions=CANDIDATE_PREDICTIONS,
        )
        self._catch(self.end, "Stop the predictions", job="TransformJob")
        failure.catch(model)
        model.next(self.end)
        self.start: sfn.CustomState | None = None
        if roles.training:
            self.start = train(
                self,
                "Train the model",
                settings=settings,
                bucket_name=resources.bucket.bucket_name,
                key=resources.key,
                role=roles.training,
            )
            self._catch(self.start, "Stop the training", job="TrainingJob")
            self.start.next(model)

    def _catch(self, state: sfn.CustomState, stop_id: str, *, job: str) -> None:
        # Step Functions stops the job of an aborted execution, but not that of a timed-out state.
        stop = stop_job(self, stop_id, job=job)
        stop.add_catch(self._failure.start)  # The timeout is what is mailed.
        stop.next(self._failure.start)
        self._failure.catch(state, errors=["States.Timeout"], then=stop)
        self._failure.catch(state)
