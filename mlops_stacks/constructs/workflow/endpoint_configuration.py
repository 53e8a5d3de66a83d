"""What the endpoint is to serve, and on what."""

from collections.abc import Mapping

from aws_cdk import aws_kms as kms
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from mlops_stacks.constructs.data_store import CAPTURED_PREFIX
from mlops_stacks.constructs.endpoint_alarms import VARIANT
from mlops_stacks.constructs.workflow.expressions import ATTEMPT_NAME, jsonata
from mlops_stacks.constructs.workflow.retries import retry_sagemaker
from mlops_stacks.constructs.workflow.task_resource import integration
from mlops_stacks.settings_endpoint import EndpointSettings


def create_configuration(
    scope: Construct,
    construct_id: str,
    *,
    settings: EndpointSettings,
    tags: str,
    bucket_name: str,
    key: kms.IKey,
) -> sfn.CustomState:
    """A state that makes a configuration for `$modelName`, and leaves `configurationName`.

    Written out because the CDK's task knows neither serverless variants nor data capture:
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpointConfig.html

    Args:
        scope: the state's construct.
        construct_id: the state's name.
        settings: of the endpoint.
        tags: an expression, marked as one.
        bucket_name: where captured data goes.
        key: what it is encrypted with.
    """
    state = sfn.CustomState(
        scope,
        construct_id,
        state_json={
            "Type": "Task",
            "Resource": integration("aws-sdk:sagemaker", "createEndpointConfig"),
            "Arguments": {
                "EndpointConfigName": ATTEMPT_NAME,
                "ProductionVariants": [
                    {
                        "VariantName": VARIANT,
                        "ModelName": jsonata("$modelName"),
                        **_machines(settings),
                    }
                ],
                "Tags": tags,
                **_captured(settings, bucket_name=bucket_name, key=key),
            },
            "Assign": {"configurationName": ATTEMPT_NAME, "polls": 0},
        },
    )
    retry_sagemaker(state)
    return state


def _machines(settings: EndpointSettings) -> Mapping[str, object]:
    if serverless := settings.serverless:
        return {
            "ServerlessConfig": {
                "MemorySizeInMB": serverless.memory_mib,
                "MaxConcurrency": serverless.max_concurrency,
            }
        }
    return {
        "InitialInstanceCount": settings.instances,
        "InstanceType": settings.instance_type,
    }


def _captured(
    settings: EndpointSettings, *, bucket_name: str, key: kms.IKey
) -> Mapping[str, object]:
    """https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-endpoint.html"""
    if settings.data_capture is None:
        return {}
    return {
        "DataCaptureConfig": {
            "EnableCapture": True,
            "InitialSamplingPercentage": settings.data_capture.percent,
            "DestinationS3Uri": f"s3://{bucket_name}/{CAPTURED_PREFIX.rstrip('/')}",
            "KmsKeyId": key.key_arn,
            "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
            "CaptureContentTypeHeader": {
                "CsvContentTypes": ["text/csv"],
                "JsonContentTypes": ["application/json"],
            },
        }
    }
