"""What went wrong at the endpoint, in terms of HTTP.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html#API_runtime_InvokeEndpoint_Errors
"""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)
from shared.http import HttpError
from shared.logs import log_event
from shared.text import printable

_MAX_REASON_CHARACTERS = 2000
THROTTLED = {"ThrottlingException", "Throttling", "TooManyRequestsException"}
_NOT_READY = {"ModelNotReadyException"}
_UNAVAILABLE = {
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "InternalDependencyException",
    "InternalFailure",
    "InternalServerException",
}


def explain(error: ClientError | BotoCoreError | UnicodeDecodeError) -> HttpError:
    """The answer to a caller whose prediction failed with *error*."""
    if isinstance(error, ClientError):
        return _service_error(error)
    log_event("inferenceFailed", level="ERROR", error=type(error).__name__)
    if isinstance(error, ReadTimeoutError):
        return HttpError(504, "The model did not answer in time. Send fewer rows at a time.")
    if isinstance(error, ConnectTimeoutError | EndpointConnectionError | ConnectionClosedError):
        return _unavailable("The model cannot be reached right now. Try again.", seconds=5)
    return HttpError(502, "The model's answer could not be read. Its serving code must write CSV.")


def _service_error(error: ClientError) -> HttpError:
    # The model's own status and message are members of ModelError, next to "Error".
    response: dict[str, Any] = dict(error.response)
    code = str(response.get("Error", {}).get("Code", ""))
    message = str(response.get("Error", {}).get("Message", ""))
    status = response.get("OriginalStatusCode")
    log_event("inferenceFailed", level="ERROR", error=code, modelStatus=status)
    if code == "ModelError":
        return _model_error(status, reason=str(response.get("OriginalMessage", "")))
    if code in THROTTLED:
        return HttpError(
            429, "Too many requests for the model. Slow down.", headers={"retry-after": "1"}
        )
    if code in _NOT_READY:
        return _unavailable("The model is being loaded. Try again soon.", seconds=30)
    if code in _UNAVAILABLE:
        return _unavailable("The model is not available right now. Try again.", seconds=5)
    if code == "ValidationError" and "not found" in message.lower():
        return HttpError(
            503,
            "No model is live. None has been released yet, or the endpoint was removed, as after "
            "a release that failed. Release a model, then send the request again.",
        )
    if code == "ValidationError":
        return _unavailable("The endpoint is not ready for requests. Try again.", seconds=30)
    return HttpError(502, f"SageMaker refused the request ({code}). The function's log says more.")


def _model_error(status: object, *, reason: str) -> HttpError:
    reason = printable(_plain(reason)).strip()[:_MAX_REASON_CHARACTERS] or "no reason given"
    if isinstance(status, int) and 400 <= status < 500:
        return HttpError(400, f"The model refused the data: {reason}")
    return HttpError(502, "The model failed on this request. Its log in CloudWatch says why.")


def _plain(reason: str) -> str:
    """The text of the container's `{"error": "<text>"}`; any other answer as it is."""
    try:
        answer = json.loads(reason)
    except ValueError:
        return reason
    text = answer.get("error") if isinstance(answer, dict) else None
    return text if isinstance(text, str) else reason


def _unavailable(message: str, *, seconds: int) -> HttpError:
    return HttpError(503, message, headers={"retry-after": str(seconds)})
