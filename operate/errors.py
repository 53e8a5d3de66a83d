"""Failures of AWS calls in words: what failed, why, what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
)
from botocore.exceptions import ConnectionError as UnreachableError

_LOGIN = "log in (`aws sso login`, or AWS_PROFILE=…), or `. .local/env` for the local cloud"
_RENEW = frozenset({"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId"})


class OperateError(Exception):
    """A failure that a person can do something about."""

    def __init__(self, *, what: str, why: str, next_step: str) -> None:
        super().__init__(f"{what}\n  why:  {why}\n  next: {next_step}")


@contextmanager
def explained() -> Iterator[None]:
    """Turn what the SDK raises into an OperateError."""
    try:
        yield
    except (NoCredentialsError, PartialCredentialsError, ProfileNotFound) as error:
        raise _failed(error, _LOGIN) from error
    except NoRegionError as error:
        raise _failed(
            error,
            "set AWS_REGION to the region of the deployment, or `. .local/env` for the local cloud",
        ) from error
    except (UnreachableError, HTTPClientError) as error:
        raise _failed(
            error, "check the network and AWS_ENDPOINT_URL; `make up` starts the local cloud"
        ) from error
    except ClientError as error:
        renew = error.response["Error"]["Code"] in _RENEW
        step = _LOGIN if renew else "ask for this permission, or use another profile"
        raise _failed(error, step) from error
    except BotoCoreError as error:
        raise _failed(error, _LOGIN) from error


def _failed(error: Exception, next_step: str) -> OperateError:
    return OperateError(what="AWS was not asked", why=str(error), next_step=next_step)
