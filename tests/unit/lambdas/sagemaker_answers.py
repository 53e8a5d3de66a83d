"""What SageMaker answers about a training job and an endpoint, for tests."""

from __future__ import annotations

from datetime import UTC, datetime

from botocore.stub import Stubber

from tests.unit.lambdas import events

_EVENT = events.load("gather_evidence")
_SAGEMAKER = "arn:aws:sagemaker:eu-west-1:123456789012"
CONFIGURATION = "0f9e8d7c-20261101-aa11bb"
_CONFIGURATION_ARN = f"{_SAGEMAKER}:endpoint-config/{CONFIGURATION}"
_LIVE = events.load("evidence")["live"]
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
            "EndpointName": _EVENT["endpointName"],
            "EndpointArn": f"{_SAGEMAKER}:endpoint/{_EVENT['endpointName']}",
            "EndpointConfigName": CONFIGURATION,
            "EndpointStatus": status,
            "CreationTime": _THEN,
            "LastModifiedTime": _THEN,
        }
        self._stubber.add_response(
            "describe_endpoint", answer, {"EndpointName": _EVENT["endpointName"]}
        )
        return self

    def configuration(self, **tags: str) -> SageMaker:
        self._stubber.add_response(
            "describe_endpoint_config",
            {
                "EndpointConfigName": CONFIGURATION,
                "EndpointConfigArn": _CONFIGURATION_ARN,
                "ProductionVariants": [{"VariantName": "AllTraffic"}],
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

    def released(self) -> SageMaker:
        """A job, and an endpoint that an earlier release has put into service."""
        tags = {"commit": _LIVE["commitId"], "evaluation": _LIVE["reportKey"], "team": "flowers"}
        return self.job().endpoint().configuration(**tags)

    def error(self, operation: str, code: str, message: str = "", status: int = 400) -> SageMaker:
        self._stubber.add_client_error(operation, code, message, status)
        return self
