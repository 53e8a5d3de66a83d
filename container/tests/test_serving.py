"""What a running `serve` answers."""

import http.client
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from support import SAMPLE, Server

ROWS = [line.partition(",") for line in (SAMPLE / "test.csv").read_text().splitlines()]


def test_ping_answers_200(server: Server) -> None:
    assert server.ask("GET", "/ping").status == 200
    head = server.ask("HEAD", "/ping")
    assert (head.status, head.body) == (200, b"")


@pytest.mark.parametrize(
    ("row", "label"), [("4.5,1.3,0.3,0.3", "setosa"), ("5.9,3,5.1,1.8", "virginica")]
)
def test_the_known_answers(server: Server, row: str, label: str) -> None:
    answer = server.invoke(row)
    assert (answer.status, answer.body) == (200, f"{label}\n".encode())
    assert answer.headers["content-type"] == "text/csv"


def test_several_rows_get_one_line_each_and_most_are_right(server: Server) -> None:
    answer = server.invoke("\n".join(features for _, _, features in ROWS))
    predictions = answer.body.decode().splitlines()
    right = sum(label == guess for (label, _, _), guess in zip(ROWS, predictions, strict=True))
    assert right >= 0.9 * len(ROWS)


def test_json_in_json_out(server: Server) -> None:
    body = json.dumps({"instances": [[4.5, 1.3, 0.3, 0.3], [5.9, 3, 5.1, 1.8]]})
    answer = server.invoke(body, "application/json")
    assert answer.headers["content-type"] == "application/json"
    assert json.loads(answer.body) == {"predictions": ["setosa", "virginica"]}


def test_the_answers_type_is_the_accepted_one(server: Server) -> None:
    as_json = server.invoke("5.9,3,5.1,1.8\r\n", Accept="application/json")
    assert json.loads(as_json.body) == {"predictions": ["virginica"]}
    as_csv = server.invoke('{"instances":[[5.9,3,5.1,1.8]]}', "application/json", Accept="text/csv")
    assert as_csv.body == b"virginica\n"


def test_execution_parameters_for_batch_transform(server: Server) -> None:
    answer = server.ask("GET", "/execution-parameters")
    assert answer.status == 200
    parameters = json.loads(answer.body)
    assert parameters["BatchStrategy"] == "MULTI_RECORD"
    assert parameters["MaxPayloadInMB"] == 1
    assert parameters["MaxConcurrentTransforms"] >= 1


@pytest.mark.parametrize(
    ("body", "content_type", "accept", "status", "said"),
    [
        ("1,2,3", "text/csv", "", 400, "Row 1 has 3 features; the model expects 4."),
        ("1,2,3,4\n1,2,x,4", "text/csv", "", 400, "Row 2, column 3: 'x' is not a number."),
        ("", "text/csv", "", 400, "empty"),
        ("{}", "application/json", "", 400, "instances"),
        ("1,2,3,4", "text/plain", "", 415, "text/csv, application/json"),
        ("1,2,3,4", "text/csv; charset=latin-1", "", 415, "UTF-8"),
        ("1,2,3,4", "text/csv", "image/png", 406, "text/csv, application/json"),
    ],
)
def test_a_request_that_cannot_be_answered_is_told_why(
    server: Server, body: str, content_type: str, accept: str, status: int, said: str
) -> None:
    answer = server.invoke(body, content_type, Accept=accept)
    assert answer.status == status
    assert answer.headers["content-type"] == "application/json"
    assert said in answer.error


def test_a_request_without_a_content_type_is_refused(server: Server) -> None:
    assert server.ask("POST", "/invocations", b"1,2,3,4").status == 415


def test_other_paths_and_methods_are_refused(server: Server) -> None:
    missing = server.ask("GET", "/models")
    assert missing.status == 404
    assert "/invocations" in missing.error
    for method, path, allowed in [
        ("GET", "/invocations", "POST"),
        ("PUT", "/invocations", "POST"),
        ("POST", "/ping", "GET"),
        ("DELETE", "/execution-parameters", "GET"),
    ]:
        answer = server.ask(method, path)
        assert (answer.status, answer.headers["allow"]) == (405, allowed)


def test_a_large_batch_within_the_limit_is_answered(server: Server) -> None:
    rows = 60_000  # a little less than 1 MB
    answer = server.invoke("5.9,3,5.1,1.8\n" * rows)
    assert answer.status == 200
    assert answer.body == b"virginica\n" * rows


def test_a_body_beyond_the_limit_is_refused_whether_announced_or_not(server: Server) -> None:
    body = b"5.9,3,5.1,1.8\n" * 80_000
    announced = server.invoke(body)
    assert announced.status == 413
    assert "1 MB" in announced.error

    def chunks() -> Iterator[bytes]:
        for start in range(0, len(body), 65536):
            yield body[start : start + 65536]

    streamed = server.ask("POST", "/invocations", chunks(), Content_Type="text/csv")
    assert streamed.status == 413


def test_a_connection_is_kept_for_many_requests(server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    statuses = []
    for body in ("5.9,3,5.1,1.8", "broken", "4.5,1.3,0.3,0.3"):
        connection.request("POST", "/invocations", body, {"Content-Type": "text/csv"})
        response = connection.getresponse()
        statuses.append((response.status, response.read()[:9]))
        socket = connection.sock
    assert connection.sock is socket is not None
    connection.close()
    assert statuses[0] == (200, b"virginica")
    assert statuses[1][0] == 400
    assert statuses[2] == (200, b"setosa\n")


def test_concurrent_requests_get_their_own_answers(server: Server) -> None:
    bodies = {"5.9,3,5.1,1.8": b"virginica\n", "4.5,1.3,0.3,0.3": b"setosa\n"}
    asked = list(bodies) * 100
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(server.invoke, asked))
    assert [answer.body for answer in answers] == [bodies[body] for body in asked]
