"""AWS's JSON protocol: a body in, a status and a body out.

https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from local.sagemaker.errors import ApiError

logger = logging.getLogger(__name__)

Response = tuple[int, dict[str, str], bytes]


def answered(
    operation: str, body: bytes, work: Callable[[dict[str, Any]], Mapping[str, Any]]
) -> Response:
    """What work makes of a request's arguments; an ApiError is answered as one."""
    try:
        return _response(200, work(_arguments(body)))
    except ApiError as error:
        return _response(error.status, {"__type": error.code, "message": error.message})
    except Exception:
        logger.exception("The local cloud failed to answer %s", operation)
        text = f"We encountered an internal error. Please try again. ({uuid.uuid4()})"
        return _response(500, {"__type": "InternalFailure", "message": text})


def readable(body: bytes) -> dict[str, Any]:
    """The arguments as far as they can be read; what is wrong is for the service to say."""
    try:
        return _arguments(body)
    except ApiError:
        return {}


def _arguments(body: bytes) -> dict[str, Any]:
    try:
        arguments = json.loads(body or b"{}")
    except ValueError as error:
        raise ApiError(code="SerializationException", message=f"Not JSON: {error}") from error
    if not isinstance(arguments, dict):
        raise ApiError(code="SerializationException", message="The body must be a JSON object.")
    return arguments


def _response(status: int, body: Mapping[str, Any]) -> Response:
    return status, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(body).encode()
