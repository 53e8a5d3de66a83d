"""From data to a candidate: train, create the model, predict held-out data."""

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import Duration, Size
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from mlops_stacks.constructs.data_store import (
    MODELS_PREFIX,
    PREDICTIONS_PREFIX,
    TEST_PREFIX,
    TRAIN_PREFIX,
)
from mlops_stacks.constructs.workflow.expressions import (
    ATTEMPT_NAME,
    COMMIT_ID,
    IMAGE_URI,
    jsonata,
    tag_list,
)
from mlops_stacks.constructs.workflow.failure import FailurePath
from mlops_stacks.constructs.workflow.retries import retry_sagemaker
from mlops_stacks.constructs.workflow.task_resource import integration
from mlops_stacks.settings import Settings

_TRANSFORM_LIMIT = Duration.hours(12)
_QUEUEING = Duration.minutes(30)  # SageMaker counts a job's run time, not its wait for a machine.


@dataclass(frozen=True, kw_only=True)
class CandidateResources:
    """What the candidate's states work with."""

    bucket: s3.IBucket
    key: kms.IKey
    training_role: iam.IRole
    serving_role: iam.IRole


class CandidateStates(Construct):
    """Leaves the variables `jobName` and `modelName`.

    Attributes:
        start: the first state.
        end: the last state.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        resources: CandidateResources,
        failure: FailurePath,
    ) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        self._resources = resources
        self.start = self._train()
        model = self._create_model()
        self.end = self._transform()
        for state in (self.start, model, self.end):
            retry_sagemaker(state)
        # Step Functions stops the job of an aborted execution, but not that of a timed-out state.
        stop_training = self._stop("Stop the training", "TrainingJob", failure)
        failure.catch(self.start, errors=["States.Timeout"], then=stop_training)
        stop_transform = self._stop("Stop the predictions", "TransformJob", failure)
        failure.catch(self.end, errors=["States.Timeout"], then=stop_transform)
        for state in (self.start, model, self.end):
            failure.catch(state)
        self.start.next(model).next(self.end)

    def _train(self) -> tasks.SageMakerCreateTrainingJob:
        training = self._settings.training
        bucket = self._resources.bucket
        limit = Duration.minutes(training.max_runtime_minutes)
        return tasks.SageMakerCreateTrainingJob.jsonata(
            self,
            "Train the model",
            integration_pattern=sfn.IntegrationPattern.RUN_JOB,
            training_job_name=ATTEMPT_NAME,
            # The code gets data and gives a model; it needs neither network nor credentials.
            enable_network_isolation=True,
            tags={**self._settings.tags, "commit": COMMIT_ID},
            # Its policy is written out; the task would add access to every object.
            role=self._resources.training_role,
            algorithm_specification=tasks.AlgorithmSpecification(
                training_image=tasks.DockerImage.from_json_expression(IMAGE_URI),
                training_input_mode=tasks.InputMode.FILE,
            ),
            hyperparameters=_as_text(self._settings.model.hyperparameters),
            input_data_config=[
                tasks.Channel(
                    channel_name="training",
                    content_type="text/csv",
                    data_source=tasks.DataSource(
                        s3_data_source=tasks.S3DataSource(
                            s3_data_type=tasks.S3DataType.S3_PREFIX,
                            s3_data_distribution_type=(
                                tasks.S3DataDistributionType.FULLY_REPLICATED
                            ),
                            s3_location=_location(bucket, TRAIN_PREFIX),
                        )
                    ),
                )
            ],
            output_data_config=tasks.OutputDataConfig(
                s3_output_location=_location(bucket, MODELS_PREFIX),
                encryption_key=self._resources.key,
            ),
            resource_config=tasks.ResourceConfig(
                instance_count=1,
                instance_type=_instance_type(training.instance_type),
                volume_size=Size.gibibytes(training.volume_gib),
            ),
            stopping_condition=tasks.StoppingCondition(max_runtime=limit),
            task_timeout=sfn.Timeout.duration(limit.plus(_QUEUEING)),
            assign={
                "jobName": jsonata("$states.result.TrainingJobName"),
                "modelData": jsonata("$states.result.ModelArtifacts.S3ModelArtifacts"),
            },
        )

    def _create_model(self) -> tasks.SageMakerCreateModel:
        return tasks.SageMakerCreateModel.jsonata(
            self,
            "Create the model",
            model_name=ATTEMPT_NAME,
            enable_network_isolation=True,
            tags=sfn.TaskInput.from_text(tag_list(self._settings.tags)),
            role=self._resources.serving_role,
            primary_container=tasks.ContainerDefinition(
                image=tasks.DockerImage.from_json_expression(IMAGE_URI),
                mode=tasks.Mode.SINGLE_MODEL,
                model_s3_location=tasks.S3Location.from_json_expression(jsonata("$modelData")),
            ),
            assign={"modelName": ATTEMPT_NAME},
        )

    def _transform(self) -> sfn.CustomState:
        """Written out because the CDK's task knows no DataProcessing.

        The label, the first column, is kept from the model and stands beside the prediction in
        the output: https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform-data-processing.html
        """
        bucket = self._resources.bucket.bucket_name
        return sfn.CustomState(
            self,
            "Predict the held-out data",
            state_json={
                "Type": "Task",
                "Resource": integration("sagemaker", "createTransformJob.sync"),
                "TimeoutSeconds": _TRANSFORM_LIMIT.to_seconds(),
                "Arguments": {
                    "TransformJobName": ATTEMPT_NAME,
                    "ModelName": jsonata("$modelName"),
                    "BatchStrategy": "MultiRecord",
                    "Tags": tag_list(self._settings.tags),
                    "TransformInput": {
                        "ContentType": "text/csv",
                        "SplitType": "Line",
                        "DataSource": {
                            "S3DataSource": {
                                "S3DataType": "S3Prefix",
                                "S3Uri": f"s3://{bucket}/{TEST_PREFIX}",
                            }
                        },
                    },
                    "DataProcessing": {"InputFilter": "$[1:]", "JoinSource": "Input"},
                    "TransformOutput": {
                        "S3OutputPath": jsonata(
                            f"'s3://{bucket}/{PREDICTIONS_PREFIX}' & $jobName & '/'"
                        ),
                        "Accept": "text/csv",
                        "AssembleWith": "Line",
                        "KmsKeyId": self._resources.key.key_arn,
                    },
                    "TransformResources": {
                        "InstanceCount": self._settings.transform.instance_count,
                        "InstanceType": self._settings.transform.instance_type,
                    },
                },
            },
        )

    def _stop(self, construct_id: str, job: str, failure: FailurePath) -> sfn.CustomState:
        stop = sfn.CustomState(
            self,
            construct_id,
            state_json={
                "Type": "Task",
                "Resource": integration("aws-sdk:sagemaker", f"stop{job}"),
                "Arguments": {f"{job}Name": jsonata("$failure.attempt")},
            },
        )
        retry_sagemaker(stop)
        stop.add_catch(failure.start)  # The timeout is what is mailed.
        stop.next(failure.start)
        return stop


def _instance_type(name: str) -> ec2.InstanceType:
    # The CDK puts `ml.` before the type by itself.
    return ec2.InstanceType(name.removeprefix("ml."))


def _location(bucket: s3.IBucket, prefix: str) -> tasks.S3Location:
    # S3Location.from_bucket writes an https:// address, and grants more than the prefix.
    return tasks.S3Location.from_json_expression(jsonata(f"'s3://{bucket.bucket_name}/{prefix}'"))


def _as_text(hyperparameters: Mapping[str, str | int | float | bool]) -> dict[str, str]:
    # SageMaker takes text only; true and false as JSON writes them.
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in hyperparameters.items()
    }
