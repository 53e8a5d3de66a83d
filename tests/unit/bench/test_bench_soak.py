"""The soak finds a wrong answer, a lost one, and memory that grows."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from bench import soak
from bench.exchange import Ending
from bench.payloads import rows
from bench.soak_cases import Case, cases, json_lines_exchange, says_why
from tests.unit.bench.fake_server import answer, served

_MEMORY = 50 * 2**20


def _kinds() -> list[Case]:
    """A row, what is refused, and what is broken off."""
    by_name = {case.exchange.name: case for case in cases()}
    names = ("1 row of CSV", "text in CSV", "no HTTP", "cut in the body")
    return [replace(by_name[name], weight=1) for name in names]


def _respond(label: Callable[[], str] = str) -> Callable[[bytes], bytes]:
    """A server that knows the kinds; `label` may put another in the place of the right one."""
    known = {row.features: row.label for row in rows()}

    def respond(request: bytes) -> bytes:
        head, _, body = request.partition(b"\r\n\r\n")
        if not head.startswith(b"POST "):
            why = json.dumps({"error": "no HTTP"}).encode()
            return answer(why, status=400, headers="Connection: close\r\n")
        if b"x" in body:
            return answer(json.dumps({"error": "no number"}).encode(), status=400)
        return answer(f"{label() or known[body.decode().strip()]}\n".encode())

    return respond


def _soak(
    respond: Callable[[bytes], bytes], *, memory: Sequence[int] = (_MEMORY,), requests: int = 300
) -> soak.Soaked:
    looks = itertools.cycle(memory)
    with served(respond) as port:
        return soak.soak(port=port, kinds=_kinds(), requests=requests, memory=lambda: next(looks))


def test_right_answers_pass() -> None:
    found = _soak(_respond())

    assert soak.faults(found, 300) == []
    assert sum(found.sent.values()) == found.answered == 300
    assert set(found.sent) == {case.exchange.name for case in _kinds()}
    assert found.growth == 0


def test_one_wrong_label_fails() -> None:
    labels = itertools.chain(itertools.repeat("", 50), ["rose"], itertools.repeat(""))

    found = _soak(_respond(labels.__next__))

    assert soak.faults(found, 300) == ["1 row of CSV: a wrong answer: b'rose\\n'"]


def test_a_server_that_errs_fails() -> None:
    found = _soak(lambda _: answer(b'{"error": "it broke"}', status=500))

    assert any("500 in place of 200" in fault for fault in soak.faults(found, 300))
    assert any("500 in place of 400" in fault for fault in soak.faults(found, 300))


def test_a_refusal_without_a_reason_fails() -> None:
    right = _respond()

    def respond(request: bytes) -> bytes:
        said = right(request)
        return answer(b"{}", status=400) if b" 400 " in said else said

    assert "text in CSV: a wrong answer: b'{}'" in soak.faults(_soak(respond), 300)


def test_a_lost_answer_fails() -> None:
    right, number = _respond(), itertools.count()

    found = _soak(lambda request: b"" if next(number) == 50 else right(request))

    assert any("closed the connection" in fault for fault in soak.faults(found, 300))


def test_memory_that_grows_fails() -> None:
    # A look each hundredth, and one at the end.
    grown = [_MEMORY + look * _MEMORY // 1000 for look in range(101)]

    found = _soak(_respond(), memory=grown)

    assert found.growth == pytest.approx(0.08, abs=0.005)
    assert [fault.partition(";")[0] for fault in soak.faults(found, 300)] == ["memory grew by 8.0%"]


def test_memory_of_the_warm_up_does_not_count() -> None:
    assert soak.growth([1] * 10 + [100] * 90) == 0
    assert soak.growth([100] * 90 + [110] * 10) == pytest.approx(0.1)
    with pytest.raises(ValueError, match="ten looks"):
        soak.growth([1] * 9)


def test_every_refusal_that_was_asked_for_is_sent() -> None:
    kinds = cases()

    statuses = {case.exchange.expected.status for case in kinds}
    good = sum(
        case.weight
        for case in kinds
        if case.exchange.expected.status == 200 and case.exchange.ending is not Ending.CUT
    )

    assert {200, 400, 404, 405, 406, 413, 415, 431} <= statuses
    assert sum(case.exchange.ending is Ending.CUT for case in kinds) == 3
    assert 0.85 < good / sum(case.weight for case in kinds) < 0.95


def test_json_lines_know_their_answers() -> None:
    chosen = rows()[49:51]
    lines = "".join(json.dumps({"prediction": row.label}) + "\n" for row in chosen)

    exchange = json_lines_exchange(chosen)

    assert exchange.expected.check(lines.encode())
    assert not exchange.expected.check(lines.splitlines()[0].encode())
    assert not exchange.expected.check(b"nonsense")


def test_a_refusal_says_why() -> None:
    assert says_why(b'{"error": "because"}')
    assert not says_why(b'{"error": ""}')
    assert not says_why(b"[]")
    assert not says_why(b"because")
