"""What SageMaker answers about a training job and an endpoint, for tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from botocore.stub import Stubber
from shared import aws

from tests.unit.lambdas import events

_EVENT = events.load("gather_evidence")
_SAGEMAKER = "arn:aws:sagemaker:eu-west-1:123456789012"
CONFIGURATION = "0f9e8d7c-20261101-aa11bb"
_CONFIGURATION_ARN = f"{_SAGEMAKER}:endpoint-config/{CONFIGURATION}"
_FOUND = _EVENT["live"]
_ENDPOINT = events.load("find_live")["endpointName"]
_THEN = datetime(2026, 11, 1, tzinfo=UTC)
_JOB = {
    "TrainingJobName": _EVENT["jobName"],
    "TrainingJobArn": f"{_SAGEMAKER}:training-job/{_EVENT['jobName']}",
    "ModelArtifacts": {"S3ModelArtifacts": "s3://release-data/models/model.tar.gz"},
    "TrainingJobStatus": "Completed",
    "SecondaryStatus": "Completed",
    "AlgorithmSpecification": {"TrainingInputMode": "File"},
    "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
    "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
    "CreationTime": _THEN,
    "TrainingTimeInSeconds": 74,
    "HyperParameters": {"max_leaf_nodes": "5"},
}


class SageMaker:
    """SageMaker's answers in the order of the calls, held against its service model."""

    def __init__(self, stubber: Stubber) -> None:
        self._stubber = stubber

    def job(self, **changes: object) -> SageMaker:
        parameters = {"TrainingJobName": _EVENT["jobName"]}
        self._stubber.add_response("describe_training_job", {**_JOB, **changes}, parameters)
        return self

    def endpoint(self, status: str = "InService") -> SageMaker:
        answer = {
            "EndpointName": _ENDPOINT,
            "EndpointArn": f"{_SAGEMAKER}:endpoint/{_ENDPOINT}",
            "EndpointConfigName": CONFIGURATION,
            "EndpointStatus": status,
            "CreationTime": _THEN,
            "LastModifiedTime": _THEN,
        }
        self._stubber.add_response("describe_endpoint", answer, {"EndpointName": _ENDPOINT})
        return self

    def configuration(
        self, *, models: tuple[str, ...] = (_FOUND["modelName"],), **tags: str
    ) -> SageMaker:
        self._stubber.add_response(
            "describe_endpoint_config",
            {
                "EndpointConfigName": CONFIGURATION,
                "EndpointConfigArn": _CONFIGURATION_ARN,
                "ProductionVariants": [
                    {"VariantName": f"variant-{i}", "ModelName": model}
                    for i, model in enumerate(models)
                ],
                "CreationTime": _THEN,
            },
            {"EndpointConfigName": CONFIGURATION},
        )
        self._stubber.add_response(
            "list_tags",
            {"Tags": [{"Key": name, "Value": value} for name, value in tags.items()]},
            {"ResourceArn": _CONFIGURATION_ARN},
        )
        return self

    def released(self, status: str = "InService") -> SageMaker:
        """An endpoint that an earlier release has put into service."""
        return self.endpoint(status).configuration(
            commit=_FOUND["commitId"],
            evaluation=_FOUND["reportKey"],
            version=_FOUND["modelPackageArn"],
            team="flowers",
        )

    def version(self, *, image_uri: str, **properties: str) -> SageMaker:
        """The registered version of what the endpoint serves."""
        arn = _FOUND["modelPackageArn"]
        answer = {
            "ModelPackageName": arn.split("/")[1],
            "ModelPackageGroupName": arn.split("/")[1],
            "ModelPackageVersion": int(arn.split("/")[2]),
            "ModelPackageArn": arn,
            "InferenceSpecification": {"Containers": [{"Image": image_uri}]},
            "CreationTime": _THEN,
            "ModelPackageStatus": "Completed",
            "ModelPackageStatusDetails": {"ValidationStatuses": []},
            "ModelApprovalStatus": "Approved",
            "CustomerMetadataProperties": properties,
        }
        self._stubber.add_response("describe_model_package", answer, {"ModelPackageName": arn})
        return self

    def error(self, operation: str, code: str, message: str = "", status: int = 400) -> SageMaker:
        self._stubber.add_client_error(operation, code, message, status)
        return self


@contextmanager
def stubbed() -> Iterator[SageMaker]:
    """What the functions are answered; all of it must be asked for."""
    with Stubber(aws.sagemaker()) as stubber:
        yield SageMaker(stubber)
        stubber.assert_no_pending_responses()
