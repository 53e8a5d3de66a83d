"""HTTP API: POST {"data": "<CSV>"} to the released model."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from shared import aws
from shared.endpoint import predict
from shared.environment import required
from shared.http import HttpError, HttpRequest, HttpResponse, parse_json_object
from shared.logs import log_event
from shared.text import storable

from invoke_endpoint.again import EndpointWatch, ask_patiently
from invoke_endpoint.errors import explain

EXAMPLE = '{"data": "5.9,3,5.1,1.8"}'
# Lambda itself takes and gives 6 MB, envelope included:
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_BODY_BYTES = 5 * 1024 * 1024


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


@cache
def watch() -> EndpointWatch:
    """What this execution environment remembers of the endpoint."""
    return EndpointWatch(aws.sagemaker_at_once(), endpoint_name=environment().endpoint_name)


def handle(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Answer one API Gateway event."""
    name = environment().endpoint_name

    def ask(rows: str) -> list[str]:
        return ask_patiently(
            lambda: predict(aws.sagemaker_runtime(), endpoint_name=name, rows=rows),
            again=lambda: predict(aws.sagemaker_runtime_again(), endpoint_name=name, rows=rows),
            changes=lambda: watch().changes(),
        )

    return respond(event, ask=ask).to_event()


def respond(event: Mapping[str, Any], *, ask: Callable[[str], list[str]]) -> HttpResponse:
    """The predictions that *ask* has for lines of CSV, or what went wrong and what to do."""
    try:
        rows = read_rows(HttpRequest.from_event(event))
        response = _predict(ask, rows=rows)
    except HttpError as error:
        log_event("inferenceRefused", level="WARNING", status=error.status)
        return HttpResponse.of_json(error.status, {"message": error.message}, headers=error.headers)
    log_event("inferenceAnswered", rows=len(rows))
    return response


def read_rows(request: HttpRequest) -> list[str]:
    """The rows of CSV in a request, at least one.

    Raises:
        HttpError: 400, 405, 413 or 415; the message says what to send.
    """
    if request.method != "POST":
        raise HttpError(
            405, f"Use POST with a JSON body, for example {EXAMPLE}.", headers={"allow": "POST"}
        )
    if request.content_type not in ("", "application/json"):
        raise HttpError(415, f"Send content type application/json, for example {EXAMPLE}.")
    request.require_body_within(MAX_BODY_BYTES)
    data = parse_json_object(request.body, example=EXAMPLE).get("data")
    if not isinstance(data, str):
        raise HttpError(
            400, f"Field 'data' must be a string of CSV, one row a line, for example {EXAMPLE}."
        )
    # A model gets to see what it was trained on: nothing is taken away for people's sake.
    rows = [line for line in storable(data).split("\n") if line.strip()]
    if not rows:
        raise HttpError(400, f"Field 'data' has no row. Send for example {EXAMPLE}.")
    return rows


def _predict(ask: Callable[[str], list[str]], *, rows: list[str]) -> HttpResponse:
    try:
        results = ask("\n".join(rows) + "\n")
    except (ClientError, BotoCoreError, UnicodeDecodeError) as error:
        raise explain(error) from error
    if len(results) != len(rows):
        raise HttpError(
            502,
            f"The model gave {len(results)} answers for {len(rows)} rows. "
            "Its serving code must write one line for each row.",
        )
    content = {"result": results[0] if len(rows) == 1 else results}
    if len(json.dumps(content)) > MAX_BODY_BYTES:
        raise HttpError(413, "The answer would be too large. Send fewer rows at a time.")
    return HttpResponse.of_json(200, content)
