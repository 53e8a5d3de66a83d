"""Step Functions' SageMaker integrations for MiniStack's interpreter.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-sagemaker.html
https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
"""

from __future__ import annotations

import datetime
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError
from ministack.services.stepfunctions import _ExecutionError  # type: ignore[import-untyped]

from local.sagemaker.json_value import Json
from local.sagemaker.validation import SAGEMAKER, operations, service_model, unserializable

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

Handler = Callable[[str, Mapping[str, Any]], dict[str, Any]]

OPTIMIZED_PREFIX = "arn:aws:states:::sagemaker:"

_POLL_SECONDS = 0.3


@dataclass(frozen=True, kw_only=True)
class _Job:
    """How a job that `.sync` waits for is watched and stopped."""

    describe: str
    stop: str
    name: str
    status: str


_JOBS = {
    "CreateTrainingJob": _Job(
        describe="DescribeTrainingJob",
        stop="StopTrainingJob",
        name="TrainingJobName",
        status="TrainingJobStatus",
    ),
    "CreateTransformJob": _Job(
        describe="DescribeTransformJob",
        stop="StopTransformJob",
        name="TransformJobName",
        status="TransformJobStatus",
    ),
}
_OPTIMIZED = frozenset(
    {
        *_JOBS,
        "CreateModel",
        "CreateEndpointConfig",
        "CreateEndpoint",
        "UpdateEndpoint",
    }
)


def integration(*, client: Callable[[], SageMakerClient], aborted: Callable[[], bool]) -> Handler:
    """The handler of `arn:aws:states:::sagemaker:<action>` and of its `.sync` form.

    `client` makes a client with the state machine's role and `parameter_validation` off; `aborted`
    tells whether the execution was stopped. Errors: `SageMaker.AmazonSageMakerException`, or
    `SageMaker.<Name>Exception` for one that the operation declares; `States.TaskFailed` with the
    job's description as the cause when a `.sync` job does not complete.
    """

    def handle(resource: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        action, _, pattern = resource.removeprefix(OPTIMIZED_PREFIX).partition(".")
        operation = _operation(action)
        if operation not in _OPTIMIZED or (pattern and operation not in _JOBS):
            raise _ExecutionError(
                "States.Runtime",
                f"The resource {resource} is not offered. The local cloud offers "
                f"{', '.join(sorted(_OPTIMIZED))}, and .sync for {', '.join(sorted(_JOBS))}.",
            )
        if pattern not in ("", "sync"):
            raise _ExecutionError("States.Runtime", f"{resource}: only .sync is offered.")
        sagemaker = client()
        answer = _call(sagemaker, operation, arguments, generic="AmazonSageMakerException")
        if not pattern:
            return _shaped(answer)
        return _wait(sagemaker, _JOBS[operation], arguments, aborted)

    return handle


@dataclass(frozen=True, kw_only=True)
class Sdk:
    """A service as Step Functions' SDK integrations know it: name in resources, errors, botocore.

    `title` begins error names; AWS's causes call the service `cause_name`.
    """

    resource: str
    title: str
    cause_name: str
    service: str

    @property
    def prefix(self) -> str:
        """How the resources of this service begin."""
        return f"arn:aws:states:::aws-sdk:{self.resource}:"


SAGEMAKER_SDK = Sdk(
    resource="sagemaker", title="SageMaker", cause_name="AmazonSageMaker", service=SAGEMAKER
)
SCALING_SDK = Sdk(
    resource="applicationautoscaling",
    title="ApplicationAutoScaling",
    cause_name="ApplicationAutoScaling",
    service="application-autoscaling",
)
CLOUDWATCH_SDK = Sdk(
    resource="cloudwatch", title="CloudWatch", cause_name="CloudWatch", service="cloudwatch"
)


def aws_sdk_integration(
    *, client: Callable[[], Any], aborted: Callable[[], bool], sdk: Sdk = SAGEMAKER_SDK
) -> Handler:
    """The handler of `arn:aws:states:::aws-sdk:<service>:<action>`.

    Errors: `SageMaker.SageMakerException`, or `SageMaker.<Name>Exception` for a declared one.
    """

    def handle(resource: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        operation = _operation(resource.removeprefix(sdk.prefix))
        if operation not in operations(sdk.service):
            raise _ExecutionError("States.Runtime", f"{sdk.title} has no operation {operation}.")
        if aborted():
            raise _aborted()
        generic = f"{sdk.title}Exception"
        return _shaped(_call(client(), operation, arguments, generic=generic, sdk=sdk))

    return handle


def _operation(action: str) -> str:
    return action[:1].upper() + action[1:]


def _call(
    client: Any,  # noqa: ANN401 - any service's client
    operation: str,
    arguments: Mapping[str, Any],
    *,
    generic: str,
    sdk: Sdk = SAGEMAKER_SDK,
) -> dict[str, Any]:
    if problems := unserializable(operation, arguments, sdk.service):
        # Step Functions refuses these itself, before it calls the service.
        raise _ExecutionError("States.Runtime", f"{operation}: {'; '.join(problems)}")
    method = getattr(client, xform_name(operation))
    try:
        answer: dict[str, Any] = method(**arguments)
    except ClientError as error:
        raise _service_error(error, operation, generic, sdk) from error
    except BotoCoreError as error:
        raise _ExecutionError(f"{sdk.title}.{generic}", str(error)) from error
    return answer


def _service_error(error: ClientError, operation: str, generic: str, sdk: Sdk) -> _ExecutionError:
    code = error.response["Error"]["Code"]
    model = service_model(sdk.service).operation_model(operation)
    declared = {shape.name for shape in model.error_shapes}
    name = f"{code.removesuffix('Exception')}Exception" if code in declared else generic
    metadata = error.response["ResponseMetadata"]
    cause = (
        f"{error.response['Error'].get('Message', '')} (Service: {sdk.cause_name}; "
        f"Status Code: {metadata.get('HTTPStatusCode')}; Error Code: {code}; "
        f"Request ID: {metadata.get('RequestId', '')}; Proxy: null)"
    )
    return _ExecutionError(f"{sdk.title}.{name}", cause)


def _wait(
    sagemaker: SageMakerClient,
    job: _Job,
    arguments: Mapping[str, Any],
    aborted: Callable[[], bool],
) -> dict[str, Any]:
    name = {job.name: arguments[job.name]}
    while True:
        described = _shaped(
            _call(sagemaker, job.describe, name, generic="AmazonSageMakerException")
        )
        status = described[job.status]
        if status == "Completed":
            return described
        if status in ("Failed", "Stopped"):
            raise _ExecutionError("States.TaskFailed", json.dumps(described))
        if aborted():
            # As Step Functions does for a stopped execution: best effort, then it ends.
            if status != "Stopping":
                _call(sagemaker, job.stop, name, generic="AmazonSageMakerException")
            raise _aborted()
        time.sleep(_POLL_SECONDS)


def _aborted() -> _ExecutionError:
    return _ExecutionError("States.TaskFailed", "The execution was aborted.")


def _shaped(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The answer as Step Functions hands it on: no metadata, times as epoch milliseconds."""
    return {key: _value(value) for key, value in answer.items() if key != "ResponseMetadata"}


def _value(value: Json) -> Json:
    if isinstance(value, datetime.datetime):
        return round(value.timestamp() * 1000)
    if isinstance(value, Mapping):
        return {key: _value(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_value(item) for item in value]
    return value
