"""A model is trained, on machines of its own or on spare ones."""

from collections.abc import Mapping

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from mlops_stacks.constructs.data_store import CHECKPOINTS_PREFIX, MODELS_PREFIX, TRAIN_PREFIX
from mlops_stacks.constructs.workflow.expressions import (
    ATTEMPT_NAME,
    IMAGE_URI,
    jsonata,
    tag_list,
)
from mlops_stacks.constructs.workflow.retries import retry_sagemaker
from mlops_stacks.constructs.workflow.task_resource import integration
from mlops_stacks.release_time import QUEUEING_MINUTES
from mlops_stacks.settings import Settings


def train(
    scope: Construct,
    construct_id: str,
    *,
    settings: Settings,
    bucket_name: str,
    key: kms.IKey,
    role: iam.IRole,
) -> sfn.CustomState:
    """A state that waits for the job, and leaves the variables `jobName`,
    `trainingJob` and `modelData`.

    Written out because the CDK's task knows no spot capacity:
    https://docs.aws.amazon.com/sagemaker/latest/dg/model-managed-spot-training.html
    """
    training = settings.training
    limit = training.longest_minutes + QUEUEING_MINUTES
    state = sfn.CustomState(
        scope,
        construct_id,
        state_json={
            "Type": "Task",
            "Resource": integration("sagemaker", "createTrainingJob.sync"),
            "TimeoutSeconds": limit * 60,
            "Arguments": {
                "TrainingJobName": ATTEMPT_NAME,
                # The code gets data and gives a model; it needs neither network nor credentials.
                "EnableNetworkIsolation": True,
                "RoleArn": role.role_arn,
                "AlgorithmSpecification": {
                    "TrainingImage": IMAGE_URI,
                    "TrainingInputMode": "File",
                    "MetricDefinitions": metric_definitions(settings),
                },
                "HyperParameters": settings.model.hyperparameters_as_text,
                "InputDataConfig": [
                    {
                        "ChannelName": "training",
                        "ContentType": "text/csv",
                        "DataSource": {
                            "S3DataSource": {
                                "S3DataType": "S3Prefix",
                                "S3DataDistributionType": "FullyReplicated",
                                "S3Uri": f"s3://{bucket_name}/{TRAIN_PREFIX}",
                            }
                        },
                    }
                ],
                "OutputDataConfig": {
                    "S3OutputPath": f"s3://{bucket_name}/{MODELS_PREFIX}",
                    "KmsKeyId": key.key_arn,
                },
                "ResourceConfig": {
                    "InstanceCount": 1,
                    "InstanceType": training.instance_type,
                    "VolumeSizeInGB": training.volume_gib,
                },
                "StoppingCondition": {
                    "MaxRuntimeInSeconds": training.max_runtime_minutes * 60,
                    **(
                        {"MaxWaitTimeInSeconds": training.longest_minutes * 60}
                        if training.spot
                        else {}
                    ),
                },
                "Tags": tag_list(settings.tags),
                **(_spot(bucket_name) if training.spot else {}),
            },
            "Assign": {
                "jobName": jsonata("$states.result.TrainingJobName"),
                "trainingJob": jsonata("$states.result.TrainingJobName"),
                "modelData": jsonata("$states.result.ModelArtifacts.S3ModelArtifacts"),
            },
        },
    )
    retry_sagemaker(state)
    return state


def metric_definitions(settings: Settings) -> list[Mapping[str, str]]:
    """How SageMaker finds in the log what container/plumbing/training.py prints.

    https://docs.aws.amazon.com/sagemaker/latest/dg/define-train-metrics.html
    """
    return [
        {"Name": f"train:{name}", "Regex": rf"train:{name}=([-+.0-9e]+);"}
        for name in ("rows", *settings.training_metrics)
    ]


def _spot(bucket_name: str) -> Mapping[str, object]:
    # An interrupted job goes on under its own name. One that is started again in the same release,
    # by a retry or a redrive, has another name, and goes on too: so the release's name is taken.
    place = jsonata(f"'s3://{bucket_name}/{CHECKPOINTS_PREFIX}' & $releaseName & '/'")
    return {"EnableManagedSpotTraining": True, "CheckpointConfig": {"S3Uri": place}}
