"""The smoke test: passes on the same answer, waits out what passes, fails on all else."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)
from botocore.response import StreamingBody
from botocore.stub import Stubber
from shared import aws
from shared.fields import InvalidEventError
from shared.transient import TransientError
from smoke_test import handler as smoke_test
from smoke_test.handler import SmokeTestFailed, check, handle

from mlops_stacks.constructs.workflow import failure
from tests.unit.lambdas import events


@pytest.fixture
def endpoint() -> Iterator[Stubber]:
    with Stubber(aws.sagemaker_runtime()) as stub:
        yield stub
        stub.assert_no_pending_responses()


def _answers(endpoint: Stubber, body: bytes) -> None:
    endpoint.add_response(
        "invoke_endpoint",
        {"Body": StreamingBody(io.BytesIO(body), len(body))},
        {
            "EndpointName": "iris",
            "ContentType": "text/csv",
            "Accept": "text/csv",
            "Body": b"5.9,3.0,5.1,1.8\n",
        },
    )


def _fails(endpoint: Stubber, code: str, *, status: int = 500) -> None:
    endpoint.add_client_error(
        "invoke_endpoint",
        service_error_code=code,
        modeled_fields={"OriginalStatusCode": status} if code == "ModelError" else {},
    )


def _check(pauses: list[float], *, expected: str = "virginica") -> str:
    return check(
        aws.sagemaker_runtime(),
        endpoint_name="iris",
        row="5.9,3.0,5.1,1.8",
        expected=expected,
        sleep=pauses.append,
    )


def test_deployed_function_passes_on_the_same_answer(
    endpoint: Stubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENDPOINT_NAME", "iris")
    _answers(endpoint, b"virginica\n")

    answer = handle(events.load("smoke_test"), None)

    assert answer == {"row": "5.9,3.0,5.1,1.8", "prediction": "virginica"}


@pytest.mark.parametrize("body", [b"setosa\n", b"", b"virginica\nvirginica\n", b"nan"])
def test_another_answer_fails_and_names_both(endpoint: Stubber, body: bytes) -> None:
    _answers(endpoint, body)

    with pytest.raises(SmokeTestFailed, match="'virginica'") as raised:
        _check([])

    assert (body.decode().split() or ["nothing"])[0] in str(raised.value)


@pytest.mark.parametrize(
    ("answer", "expected", "same"),
    [(b"1", "1.0", True), (b"0.3333333", "0.33333333", True), (b"0.33", "0.34", False)],
)
def test_numbers_are_compared_as_numbers(
    endpoint: Stubber, answer: bytes, expected: str, same: bool
) -> None:
    _answers(endpoint, answer)

    if same:
        assert _check([], expected=expected) == answer.decode()
    else:
        with pytest.raises(SmokeTestFailed):
            _check([], expected=expected)


@pytest.mark.parametrize("code", ["ThrottlingException", "ModelNotReadyException", "ModelError"])
def test_transient_errors_are_waited_out(endpoint: Stubber, code: str) -> None:
    _fails(endpoint, code)
    _fails(endpoint, code)
    _answers(endpoint, b"virginica\n")
    pauses: list[float] = []

    assert _check(pauses) == "virginica"
    assert pauses == [1.0, 2.0]


@pytest.mark.parametrize("error", [ReadTimeoutError, ConnectTimeoutError, EndpointConnectionError])
def test_lost_connections_are_waited_out(
    endpoint: Stubber,
    monkeypatch: pytest.MonkeyPatch,
    error: type[ReadTimeoutError | ConnectTimeoutError | EndpointConnectionError],
) -> None:
    # Given a first call whose connection is lost, and a second that is answered
    runtime = aws.sagemaker_runtime()
    answered = runtime.invoke_endpoint

    def lose_connection(**_request: object) -> None:
        monkeypatch.setattr(runtime, "invoke_endpoint", answered)
        raise error(endpoint_url="https://runtime.example")

    monkeypatch.setattr(runtime, "invoke_endpoint", lose_connection)
    _answers(endpoint, b"virginica\n")

    assert _check([]) == "virginica"


def test_patience_ends(endpoint: Stubber) -> None:
    for _ in range(4):
        _fails(endpoint, "ServiceUnavailable")
    pauses: list[float] = []

    with pytest.raises(TransientError, match="ServiceUnavailable"):
        _check(pauses)

    assert pauses == [1.0, 2.0, 4.0]


def test_a_model_that_keeps_failing_is_no_fault_of_aws(endpoint: Stubber) -> None:
    for _ in range(4):
        _fails(endpoint, "ModelError", status=500)
    pauses: list[float] = []

    with pytest.raises(SmokeTestFailed, match="ModelError"):
        _check(pauses)

    assert pauses == [1.0, 2.0, 4.0]


@pytest.mark.parametrize(("status", "tries"), [(500, 4), (400, 1)])
def test_a_model_that_fails_once_it_serves_is_rejected_by_the_workflow(
    endpoint: Stubber, monkeypatch: pytest.MonkeyPatch, status: int, tries: int
) -> None:
    # Given a model that answers with an error, and the deployed function, without its pauses
    monkeypatch.setenv("ENDPOINT_NAME", "iris")
    monkeypatch.setattr(smoke_test, "_PAUSES_SECONDS", (0.0, 0.0, 0.0))
    for _ in range(tries):
        _fails(endpoint, "ModelError", status=status)

    with pytest.raises(Exception, match="ModelError") as raised:
        handle(events.load("smoke_test"), None)

    # Then the name that Lambda gives to the workflow is of those that reject a version
    assert raised.type.__name__ in failure._FAULTS


@pytest.mark.parametrize(
    ("code", "raised"), [("ValidationError", ClientError), ("ModelError", SmokeTestFailed)]
)
def test_lasting_errors_fail_at_once(endpoint: Stubber, code: str, raised: type[Exception]) -> None:
    _fails(endpoint, code, status=400)
    pauses: list[float] = []

    with pytest.raises(raised, match=code):
        _check(pauses)

    assert not pauses


@pytest.mark.parametrize("field", ["row", "expected"])
def test_missing_field_names_itself(field: str) -> None:
    with pytest.raises(InvalidEventError, match=field):
        handle({**events.load("smoke_test"), field: ""}, None)
