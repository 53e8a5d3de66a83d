"""Errors of AWS calls that pass by themselves, under one name that the workflow retries.

What an SDK takes for transient or throttling:
https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    IncompleteReadError,
)
from botocore.exceptions import ConnectionError as BotoConnectionError

_LOST_CONNECTION = (BotoConnectionError, HTTPClientError, IncompleteReadError)
_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500
# Codes that come with status 400 as well; whatever speaks of throttling is found by that word.
_TRANSIENT_CODES = {
    "InternalDependencyException",
    "InternalError",
    "InternalFailure",
    "InternalServerError",
    "InternalServerException",
    "ModelNotReadyException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "ReplicatedWriteConflictException",
    "RequestLimitExceeded",
    "RequestTimeout",
    "RequestTimeoutException",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "SlowDown",
    "TooManyRequestsException",
    "TransactionConflictException",
}


class TransientError(Exception):
    """AWS could not do its part for now, also after the client's own retries.

    The class name is the error name in the workflow, which tries the step again.
    """


@contextmanager
def transient_errors_named() -> Iterator[None]:
    """Raise what is transient among AWS errors as TransientError; all else stays as it is.

    Raises:
        TransientError: a call was throttled, met a service error, or lost its connection; the
            error itself is its cause.
    """
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        if not is_transient(error):
            raise
        raise TransientError(f"AWS could not do its part for now. {error}") from error


def is_transient(error: ClientError | BotoCoreError) -> bool:
    """Whether the same call may succeed a little later."""
    if not isinstance(error, ClientError):
        return isinstance(error, _LOST_CONNECTION)
    code = error.response.get("Error", {}).get("Code", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return (
        code in _TRANSIENT_CODES
        or "throttl" in code.lower()
        or status == _TOO_MANY_REQUESTS
        or status >= _SERVER_ERROR
    )


def error_name(error: ClientError | BotoCoreError) -> str:
    """What kind of error it is, without its text: AccessDeniedException, ReadTimeoutError."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code") or "error without a name")
    return type(error).__name__
