"""The inference API: predictions for good requests, an instruction for every other one."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError
from botocore.response import StreamingBody
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st
from invoke_endpoint.again import EndpointWatch
from invoke_endpoint.errors import explain
from invoke_endpoint.handler import MAX_BODY_BYTES, handle, respond
from shared import aws
from shared.environment import InvalidEnvironmentError

from tests.unit.lambdas import events


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    """An endpoint that nobody changes."""
    monkeypatch.setenv("ENDPOINT_NAME", "iris")
    monkeypatch.setattr(EndpointWatch, "changes", lambda _: False)
    with Stubber(aws.sagemaker_runtime()) as stub:
        yield stub
        stub.assert_no_pending_responses()


def _answers(endpoint: Stubber, body: bytes, *, to: str) -> None:
    endpoint.add_response(
        "invoke_endpoint",
        {"Body": StreamingBody(io.BytesIO(body), len(body))},
        {
            "EndpointName": "iris",
            "ContentType": "text/csv",
            "Accept": "text/csv",
            "Body": to.encode(),
        },
    )


def _post(
    content: object, *, method: str = "POST", headers: dict[str, str | None] | None = None
) -> tuple[int, dict[str, Any], dict[str, str]]:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    event = events.http("http_inference_post", method=method, headers=headers, body=body)
    response = handle(event, None)
    return response["statusCode"], json.loads(response["body"]), response["headers"]


def test_one_row_gives_one_result(endpoint: Stubber) -> None:
    _answers(endpoint, b"virginica\n", to="5.9,3,5.1,1.8\n")

    response = handle(events.load("http_inference_post"), None)

    assert response["statusCode"] == 200
    assert json.loads(response["body"]) == {"result": "virginica"}
    assert response["headers"]["content-type"].startswith("application/json")


def test_several_rows_give_a_list(endpoint: Stubber) -> None:
    _answers(endpoint, b'virginica\r\n"lily, white"\n0.1,0.9', to="1,2\n3,4\n5,6\n")

    status, content, _ = _post({"data": "1,2\r\n3,4\n\n5,6\n"})

    assert (status, content) == (200, {"result": ["virginica", "lily, white", "0.1,0.9"]})


def test_the_model_gets_marks_of_direction_that_nobody_sees(endpoint: Stubber) -> None:
    # They belong to a text as it was trained on.
    _answers(endpoint, b"setosa", to="\u200fשם\u200e,2\n")

    assert _post({"data": "\u200fשם\u200e,2"})[0] == 200


def test_endpoint_of_the_caller_is_ignored(endpoint: Stubber) -> None:
    # Given a caller who names another endpoint wherever one could be named
    _answers(endpoint, b"setosa", to="1,2\n")
    event = events.http(
        "http_inference_post", body=b'{"data": "1,2", "endpointName": "other", "ENDPOINT": "x"}'
    )
    event["queryStringParameters"] = {"endpointName": "other"}
    event["rawQueryString"] = "endpointName=other"

    # Then ours is asked: the stub refuses any other name
    assert handle(event, None)["statusCode"] == 200


def test_missing_content_type_is_accepted_for_json(endpoint: Stubber) -> None:
    _answers(endpoint, b"setosa", to="1,2\n")

    assert _post({"data": "1,2"}, headers={"content-type": None})[0] == 200


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"5.9,3,5.1,1.8",
        b"\xff\xfe",
        b"[" * 100_000,
        [],
        "5.9",
        None,
        {},
        {"data": None},
        {"data": 5.9},
        {"data": ["5.9"]},
        {"data": ""},
        {"data": " \r\n "},
    ],
)
@pytest.mark.usefixtures("endpoint")
def test_bad_body_says_what_to_send(content: object) -> None:
    status, answer, _ = _post(content)

    assert status == 400
    assert '{"data": "5.9,3,5.1,1.8"}' in answer["message"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
@pytest.mark.usefixtures("endpoint")
def test_other_methods_are_not_allowed(method: str) -> None:
    status, answer, headers = _post({"data": "1"}, method=method)

    assert status == 405
    assert headers["allow"] == "POST"
    assert "POST" in answer["message"]


@pytest.mark.parametrize("content_type", ["text/csv", "application/x-www-form-urlencoded"])
@pytest.mark.usefixtures("endpoint")
def test_other_content_types_are_unsupported(content_type: str) -> None:
    assert _post({"data": "1"}, headers={"content-type": content_type})[0] == 415


@pytest.mark.usefixtures("endpoint")
def test_too_large_a_body_is_refused() -> None:
    status, answer, _ = _post(b"x" * (MAX_BODY_BYTES + 1))

    assert status == 413
    assert str(MAX_BODY_BYTES) in answer["message"]


@pytest.mark.parametrize(
    ("code", "message", "response", "status", "part"),
    [
        ("ModelError", "", {"OriginalStatusCode": 400, "OriginalMessage": "4 fields"}, 400, "4 fi"),
        (
            "ModelError",
            "",
            {"OriginalStatusCode": 400, "OriginalMessage": '{"error": "Row 1 is odd."}'},
            400,
            "refused the data: Row 1 is odd.",
        ),
        ("ModelError", "", {"OriginalStatusCode": 415}, 400, "no reason given"),
        ("ModelError", "", {"OriginalStatusCode": 500, "OriginalMessage": "trace"}, 502, "log"),
        ("ModelError", "", {}, 502, "log"),
        ("ValidationError", "Endpoint iris of account 1 not found.", {}, 503, "No model is live."),
        ("ValidationError", "Endpoint is not in service", {}, 503, "not ready"),
        ("ModelNotReadyException", "", {}, 503, "being loaded"),
        ("ServiceUnavailable", "", {}, 503, "not available"),
        ("InternalDependencyException", "", {}, 503, "not available"),
        ("ThrottlingException", "", {}, 429, "Too many"),
        ("AccessDeniedException", "", {}, 502, "AccessDeniedException"),
    ],
)
def test_error_of_the_endpoint(
    endpoint: Stubber,
    code: str,
    message: str,
    response: dict[str, Any],
    status: int,
    part: str,
) -> None:
    endpoint.add_client_error(
        "invoke_endpoint",
        service_error_code=code,
        service_message=message,
        http_status_code=400,
        modeled_fields=response,
    )

    answered, content, headers = _post({"data": "1"})

    assert answered == status
    assert part in content["message"]
    if status == 429 or (status == 503 and "live" not in content["message"]):
        assert int(headers["retry-after"]) > 0


def test_model_that_is_too_slow_or_away() -> None:
    slow = explain(ReadTimeoutError(endpoint_url="https://runtime.example"))
    away = explain(EndpointConnectionError(endpoint_url="https://runtime.example"))

    assert slow.status == 504
    assert away.status == 503
    assert away.headers["retry-after"]


@pytest.mark.parametrize("body", [b"", b"a\nb\n"])
def test_wrong_number_of_answers_is_the_models_fault(endpoint: Stubber, body: bytes) -> None:
    _answers(endpoint, body, to="1\n")

    status, content, _ = _post({"data": "1"})

    assert status == 502
    assert "one line for each row" in content["message"]


def test_answer_that_is_not_text_is_the_models_fault(endpoint: Stubber) -> None:
    _answers(endpoint, b"\xff", to="1\n")

    assert _post({"data": "1"})[0] == 502


def test_answer_that_lambda_could_not_return_is_refused(endpoint: Stubber) -> None:
    _answers(endpoint, b"x" * (MAX_BODY_BYTES + 1), to="1\n")

    status, content, _ = _post({"data": "1"})

    assert status == 413
    assert "fewer rows" in content["message"]


def test_data_is_not_logged(endpoint: Stubber, capsys: pytest.CaptureFixture[str]) -> None:
    _answers(endpoint, b"a-secret-answer", to="a-secret-row\n")
    _post({"data": "a-secret-row"})
    _post({"data": ["a-secret-row"]})

    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["event"] for line in lines] == [
        "inferenceAnswered",
        "inferenceRefused",
    ]
    assert "secret" not in "".join(lines)


def test_missing_variable_names_itself() -> None:
    with pytest.raises(InvalidEnvironmentError, match="ENDPOINT_NAME"):
        handle(events.load("http_inference_post"), None)


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.just("data") | st.text(), inner),
    max_leaves=5,
)


@given(
    body=st.binary(max_size=200) | st.builds(lambda value: json.dumps(value).encode(), _JSON),
    method=st.sampled_from(["POST", "GET", "PATCH"]),
    content_type=st.sampled_from(["application/json", "", "text/plain"]),
)
def test_any_request_gets_predictions_or_an_instruction(
    body: bytes, method: str, content_type: str
) -> None:
    event = events.http(
        "http_inference_post", method=method, body=body, headers={"content-type": content_type}
    )

    response = respond(event, ask=str.splitlines)  # each row is answered with itself

    content = json.loads(response.body)
    assert response.status in (200, 400, 405, 413, 415)
    assert content["result"] if response.status == 200 else content["message"]
