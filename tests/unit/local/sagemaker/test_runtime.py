"""InvokeEndpoint's answers and errors."""

from __future__ import annotations

import asyncio
import json
import time

import pytest
from botocore.exceptions import ClientError

from tests.unit.local.sagemaker.conftest import Room
from tests.unit.local.sagemaker.fakes import ACCOUNT, REGION
from tests.unit.local.sagemaker.test_endpoints import serve


def refused(room: Room, body: bytes, endpoint: str = "E-1") -> ClientError:
    with pytest.raises(ClientError) as error:
        room.runtime.invoke_endpoint(EndpointName=endpoint, Body=body, ContentType="text/csv")
    return error.value


def test_headers_travel_both_ways(room: Room) -> None:
    serve(room)
    answer = room.runtime.invoke_endpoint(
        EndpointName="E-1",
        Body=b"who",
        ContentType="text/csv",
        Accept="application/json",
        CustomAttributes="trace=1",
    )
    assert answer["ContentType"] == "application/json"
    headers = json.loads(answer["Body"].read())["headers"]
    assert headers["Content-Type"] == "text/csv"
    assert headers["Accept"] == "application/json"
    assert headers["X-Amzn-SageMaker-Custom-Attributes"] == "trace=1"
    assert "Authorization" not in headers


@pytest.mark.parametrize(
    ("body", "status", "side", "text"),
    [(b"refuse", 400, "client", "cannot read this row"), (b"crash", 500, "server", "division")],
)
def test_an_error_of_the_model_is_a_model_error(
    room: Room, body: bytes, status: int, side: str, text: str
) -> None:
    serve(room)
    response = refused(room, body).response
    assert response["Error"]["Code"] == "ModelError"
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert response["OriginalStatusCode"] == status  # type: ignore[typeddict-item]
    assert text in response["OriginalMessage"]  # type: ignore[typeddict-item]
    message = response["Error"]["Message"]
    assert f"Received {side} error ({status}) from primary with message" in message
    group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/sagemaker/Endpoints/E-1"
    assert response["LogStreamArn"].startswith(group)  # type: ignore[typeddict-item]


def test_a_model_that_takes_too_long_is_a_model_error(room: Room) -> None:
    serve(room)
    response = refused(room, b"sleep").response
    assert response["Error"]["Code"] == "ModelError"
    assert "Your invocation timed out" in response["Error"]["Message"]


def test_an_unknown_endpoint(room: Room) -> None:
    response = refused(room, b"1", endpoint="none").response
    assert response["Error"] == {
        "Code": "ValidationError",
        "Message": f"Endpoint none of account {ACCOUNT} not found.",
    }
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_a_body_over_six_megabytes(room: Room) -> None:
    serve(room)
    assert refused(room, b"x" * (6 * 1024 * 1024 + 1)).response["Error"]["Code"] == (
        "ValidationError"
    )


def test_slow_invocations_do_not_hold_each_other_up(room: Room) -> None:
    # Given a model that takes 0.2 s for a request
    serve(room, MODE="slow")

    async def many() -> list[int]:
        headers = {"Content-Type": "text/csv"}
        calls = [
            room.service.handle_request("POST", "/endpoints/E-1/invocations", headers, b"1", {})
            for _ in range(20)
        ]
        return [status for status, _, _ in await asyncio.gather(*calls)]

    # When twenty come at once
    started = time.monotonic()
    statuses = asyncio.run(many())
    # Then they are answered together, not one after the other (which takes 4 s)
    assert statuses == [200] * 20
    assert time.monotonic() - started < 2
