"""Workflow step: ask the released endpoint for a prediction that is already known."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from shared import aws, fields
from shared.endpoint import predict
from shared.environment import required
from shared.logs import log_event
from shared.transient import is_transient, transient_errors_named

if TYPE_CHECKING:
    from mypy_boto3_sagemaker_runtime import SageMakerRuntimeClient

_PAUSES_SECONDS = (1.0, 2.0, 4.0)


class SmokeTestFailed(Exception):  # noqa: N818 - the class name is the error name in the workflow
    """The endpoint does not answer as the tested model did."""


@dataclass(frozen=True)
class Environment:
    """What the function is deployed with."""

    endpoint_name: str


@cache
def environment() -> Environment:
    """Read at cold start.

    Raises:
        InvalidEnvironmentError: a variable is missing.
    """
    return Environment(endpoint_name=required("ENDPOINT_NAME"))


def handle(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Compare the endpoint's prediction for a held-out row with the batch transform's.

    Raises:
        InvalidEventError, SmokeTestFailed, TransientError, botocore.exceptions.ClientError
    """
    row, expected = fields.text(event, "row"), fields.text(event, "expected")
    name = environment().endpoint_name
    prediction = check(aws.sagemaker_runtime(), endpoint_name=name, row=row, expected=expected)
    log_event("smokeTestPassed", endpoint=name)
    return {"row": row, "prediction": prediction}


def check(
    runtime: SageMakerRuntimeClient,
    *,
    endpoint_name: str,
    row: str,
    expected: str,
    sleep: Callable[[float], None] = time.sleep,
) -> str:
    """The endpoint's prediction for one row of CSV, if it is the expected one.

    Raises:
        SmokeTestFailed: the endpoint answers something else, or its model fails, also after some
            tries, or refuses the row.
        TransientError: it could not be asked, also after some tries.
        botocore.exceptions.ClientError: AWS refuses the call.
    """
    try:
        with transient_errors_named():
            answers = _patiently(
                lambda: predict(runtime, endpoint_name=endpoint_name, rows=row + "\n"), sleep=sleep
            )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ModelError":
            raise
        raise SmokeTestFailed(
            f"Endpoint {endpoint_name} could not predict a held-out row that the batch transform "
            f"of the same model has predicted. {error}"
        ) from error
    if len(answers) != 1 or not _same(answers[0], expected):
        answered = ", ".join(answers) or "nothing"
        raise SmokeTestFailed(
            f"Endpoint {endpoint_name} answered {answered!r} for a held-out row; the batch "
            f"transform of the same model said {expected!r}. Look for what differs between the "
            "two, such as randomness or state in the serving code."
        )
    return answers[0]


def _patiently(ask: Callable[[], list[str]], *, sleep: Callable[[float], None]) -> list[str]:
    for pause in _PAUSES_SECONDS:
        try:
            return ask()
        except (ClientError, BotoCoreError) as error:
            if not is_transient(error) and not _is_warming_up(error):
                raise
            sleep(pause)
    return ask()


def _is_warming_up(error: ClientError | BotoCoreError) -> bool:
    """A container may fail at first; a 4xx means that it understood and refused."""
    if not isinstance(error, ClientError) or error.response["Error"]["Code"] != "ModelError":
        return False
    response: dict[str, Any] = dict(error.response)
    return int(response.get("OriginalStatusCode", 500)) >= 500


def _same(answer: str, expected: str) -> bool:
    """Equal as text, or as numbers: two servers may print the same number differently."""
    if answer == expected.strip():
        return True
    try:
        return math.isclose(float(answer), float(expected), rel_tol=1e-6)
    except ValueError:
        return False
