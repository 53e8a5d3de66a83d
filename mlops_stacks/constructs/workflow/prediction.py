"""A model predicts the held-out data in a batch transform job."""

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from mlops_stacks.constructs.data_store import TEST_PREFIX
from mlops_stacks.constructs.workflow.expressions import jsonata, tag_list
from mlops_stacks.constructs.workflow.retries import retry_sagemaker
from mlops_stacks.constructs.workflow.task_resource import integration
from mlops_stacks.release_time import TRANSFORM_MINUTES
from mlops_stacks.settings_sections import TransformSettings


@dataclass(frozen=True, kw_only=True)
class PredictionResources:
    """What a transform job works with."""

    settings: TransformSettings
    tags: Mapping[str, str]
    bucket: s3.IBucket
    key: kms.IKey


def predict(
    scope: Construct,
    construct_id: str,
    *,
    resources: PredictionResources,
    job_name: str,
    model_name: str,
    predictions: str,
) -> sfn.CustomState:
    """A state that waits for the job; written out because the CDK's task knows no DataProcessing.

    The label, the first column, is kept from the model and stands beside the prediction in the
    output: https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform-data-processing.html

    Args:
        scope: the state's construct.
        construct_id: the state's name.
        resources: what the job works with.
        job_name: an expression, marked as one.
        model_name: an expression, marked as one.
        predictions: an expression for the prefix of the output, not marked.
    """
    bucket = resources.bucket.bucket_name
    state = sfn.CustomState(
        scope,
        construct_id,
        state_json={
            "Type": "Task",
            "Resource": integration("sagemaker", "createTransformJob.sync"),
            "TimeoutSeconds": TRANSFORM_MINUTES * 60,
            "Arguments": {
                "TransformJobName": job_name,
                "ModelName": model_name,
                "BatchStrategy": "MultiRecord",
                "Tags": tag_list(resources.tags),
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
                    "S3OutputPath": jsonata(f"'s3://{bucket}/' & {predictions}"),
                    "Accept": "text/csv",
                    "AssembleWith": "Line",
                    "KmsKeyId": resources.key.key_arn,
                },
                "TransformResources": {
                    "InstanceCount": resources.settings.instance_count,
                    "InstanceType": resources.settings.instance_type,
                },
            },
        },
    )
    retry_sagemaker(state)
    return state


def stop_job(scope: Construct, construct_id: str, *, job: str) -> sfn.CustomState:
    """A state that stops the job of one that timed out: Step Functions leaves that one running.

    Args:
        scope: the state's construct.
        construct_id: the state's name.
        job: TrainingJob or TransformJob.
    """
    state = sfn.CustomState(
        scope,
        construct_id,
        state_json={
            "Type": "Task",
            "Resource": integration("aws-sdk:sagemaker", f"stop{job}"),
            "Arguments": {f"{job}Name": jsonata("$failure.attempt")},
        },
    )
    retry_sagemaker(state)
    return state
