"""The benchmark's client: what it takes for an answer, and what it finds wrong."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from bench.client import Client
from bench.exchange import Ending, Exchange, Expected, UnreadableAnswerError, needed, read
from bench.load import Load, LoadError, measure
from bench.payloads import csv_exchange, exchanges, json_exchange, rows
from tests.unit.bench.fake_server import answer, served


def _exchange(*, ending: Ending = Ending.KEEP) -> Exchange:
    return Exchange(
        name="one",
        request=b"GET / HTTP/1.1\r\n\r\n",
        expected=Expected(lambda body: body.strip() == b"right"),
        ending=ending,
    )


def _run(
    respond: Callable[[bytes], bytes], *, times: int, exchange: Exchange | None = None
) -> Client:
    with served(respond) as port:
        client = Client(port=port, connections=2)
        client.run(itertools.repeat(exchange or _exchange(), times))
        return client


def test_right_answers_are_counted() -> None:
    client = _run(lambda _: answer(b"right"), times=50)

    assert client.deviations == []
    assert len(client.latencies) == 50
    assert min(client.latencies) > 0


def test_a_wrong_answer_among_right_ones_is_found() -> None:
    number = itertools.count(1)

    def respond(_: bytes) -> bytes:
        return answer(b"wrong" if next(number) == 40 else b"right")

    client = _run(respond, times=50)

    assert client.deviations == ["one: a wrong answer: b'wrong'"]
    assert len(client.latencies) == 49


def test_another_status_is_found() -> None:
    number = itertools.count(1)

    def respond(_: bytes) -> bytes:
        return answer(b"right", status=500 if next(number) == 7 else 200)

    assert _run(respond, times=10).deviations == ["one: 500 in place of 200: b'right'"]


def test_an_answer_that_is_right_in_another_way_is_right() -> None:
    number = itertools.count()

    client = _run(lambda _: answer(b"right" + b"\n" * (next(number) % 3)), times=30)

    assert client.deviations == []
    assert len(client.latencies) == 30


def test_a_server_that_hangs_up_is_found() -> None:
    number = itertools.count(1)

    client = _run(lambda _: b"" if next(number) == 3 else answer(b"right"), times=10)

    assert client.deviations == ["one: the server closed the connection"]
    assert len(client.latencies) == 9


def test_a_connection_that_the_server_ends_is_made_again() -> None:
    client = _run(lambda _: answer(b"right", headers="Connection: close\r\n"), times=10)

    assert client.deviations == []
    assert len(client.latencies) == 10


def test_a_server_that_is_not_there_is_found() -> None:
    with served(lambda _: b"") as port:
        pass
    client = Client(port=port, connections=2)

    client.run(itertools.repeat(_exchange(), 5))

    assert len(client.deviations) == 5
    assert "no connection" in client.deviations[0]


def test_broken_off_requests_want_no_answer() -> None:
    client = _run(lambda _: answer(b"right"), times=5, exchange=_exchange(ending=Ending.CUT))

    assert (client.cut, len(client.latencies), client.deviations) == (5, 0, [])


def test_a_large_answer_comes_in_parts() -> None:
    body = b"x" * 3_000_000
    exchange = Exchange(
        name="large",
        request=b"POST / HTTP/1.1\r\nContent-Length: 3000000\r\n\r\n" + body,
        expected=Expected(lambda given: given == body),
    )

    client = _run(lambda _: answer(body), times=6, exchange=exchange)

    assert client.deviations == []
    assert len(client.latencies) == 6


def test_what_an_answer_needs() -> None:
    whole = answer(b"0123456789", headers="Date: now\r\n")

    assert needed(whole[:20]) == 0
    assert needed(whole[:-5]) == len(whole)
    assert read(whole).body == b"0123456789"


@pytest.mark.parametrize("said", [b"SSH-2.0\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\nendless"])
def test_what_cannot_be_read_is_said(said: bytes) -> None:
    with pytest.raises(UnreadableAnswerError):
        needed(said)


def test_a_load_is_measured() -> None:
    label = {row.features: row.label for row in rows()}

    def respond(request: bytes) -> bytes:
        row = request.partition(b"\r\n\r\n")[2].decode().strip()
        return answer(f"{label[row]}\n".encode())

    with served(respond) as port:
        found = measure(Load(connections=2, rows=1), port=port, seconds=0.05, warm_up=0.01)

    assert found.requests > 0
    assert 0 < found.p50 <= found.p99
    assert found.rate > 0


def test_a_load_with_wrong_answers_is_no_measurement() -> None:
    with served(lambda _: answer(b"setosa\n")) as port, pytest.raises(LoadError, match="wrong"):
        measure(Load(connections=2, rows=1), port=port, seconds=0.5, warm_up=0.5)


def test_payloads_know_their_answers() -> None:
    chosen = rows()[40:42]
    labels = [row.label for row in chosen]

    as_csv, as_json = csv_exchange(chosen), json_exchange(chosen)

    assert as_csv.expected.check("\n".join(labels).encode())
    assert not as_csv.expected.check(f"{labels[0]}\n".encode())
    assert as_json.expected.check(f'{{"predictions": ["{labels[0]}", "{labels[1]}"]}}'.encode())
    assert not as_json.expected.check(b'{"predictions": []}')
    assert not as_json.expected.check(b"nonsense")


def test_payloads_differ() -> None:
    made = exchanges(size=1, kind="csv")

    assert len({each.request for each in made}) == len(made) > 4000
    assert len({each.request.partition(b"\r\n\r\n")[2] for each in made}) > 100
