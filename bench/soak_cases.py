"""What the soak sends: good requests of every form, and bad ones of every kind."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace

from bench.exchange import Ending, Exchange, Expected
from bench.payloads import Row, counted, csv_exchange, json_exchange, post, rows, with_id

LIMIT_MB = 6
"""What the server is told to take at most."""
_VARIANTS = 10  # of each request, some thousands in all
_CSV, _JSON, _LINES = "text/csv", "application/json", "application/jsonlines"


@dataclass(frozen=True, kw_only=True)
class Case:
    """A kind of request, which comes `weight` times as often as one of weight 1."""

    exchange: Exchange
    weight: float

    @property
    def expected(self) -> str:
        """What has to come back, in words."""
        if self.exchange.ending is Ending.CUT:
            return "nothing"
        return str(self.exchange.expected.status)


def cases() -> list[Case]:
    """All kinds; nine in ten are good."""
    known = rows()
    made = [
        *(Case(exchange=csv_exchange([row]), weight=5) for row in known),
        *(*_good(known), *_bad_bodies(), *_bad_requests()),
    ]
    return [*(variant for case in made for variant in _variants(case)), *_broken_off()]


def _variants(case: Case) -> list[Case]:
    """The case under several ids, so that there are more heads than a server remembers."""
    if b"\r\nHost: " not in case.exchange.request or len(case.exchange.request) > 2**20:
        return [case]
    return [
        Case(
            exchange=replace(case.exchange, request=with_id(case.exchange.request)),
            weight=case.weight / _VARIANTS,
        )
        for _ in range(_VARIANTS)
    ]


def _good(known: list[Row]) -> list[Case]:
    return [
        Case(exchange=csv_exchange(known[:100]), weight=60),
        Case(exchange=json_exchange(known[:1]), weight=60),
        Case(exchange=json_exchange(known[:100]), weight=20),
        Case(exchange=json_lines_exchange(known[50:51]), weight=60),
        Case(exchange=json_lines_exchange(known[:100]), weight=20),
        Case(exchange=_get("/ping", "ping", status=200, check=lambda _: True), weight=20),
    ]


def _bad_bodies() -> list[Case]:
    bodies = {
        "text in CSV": (b"5.1,3.5,1.4,0.2\n5.1,x,1.4,0.2\n", _CSV),
        "a missing value in CSV": (b"5.1,,1.4,0.2\n", _CSV),
        "too few features in CSV": (b"5.1,3.5,1.4\n", _CSV),
        "too many features in CSV": (b"5.1,3.5,1.4,0.2,1\n", _CSV),
        "an endless quote in CSV": (b'"5.1,3.5,1.4,0.2\n', _CSV),
        "a number that is not finite": (b"5.1,3.5,inf,0.2\n", _CSV),
        "no text at all": (b"\xff\xfe\x00\x01", _CSV),
        "an empty body": (b"", _CSV),
        "no JSON": (b'{"instances": [[5.1, 3.5, 1.4', _JSON),
        "JSON without instances": (b'{"rows": [[5.1, 3.5, 1.4, 0.2]]}', _JSON),
        "text in JSON": (b'{"instances": [[5.1, "3.5", 1.4, 0.2]]}', _JSON),
        "too few features in JSON": (b'{"instances": [[5.1, 3.5, 1.4]]}', _JSON),
        "JSON nested too deeply": (b'{"instances": ' + b"[" * 5000 + b"]" * 5000 + b"}", _JSON),
        "no JSON in JSON Lines": (b'{"features": [5.1, 3.5, 1.4, 0.2]}\n{"feat', _LINES),
        "too few features in JSON Lines": (b'{"features": [5.1, 3.5, 1.4]}\n', _LINES),
    }
    return [
        _refused(name, post(body, content_type=kind), status=400)
        for name, (body, kind) in bodies.items()
    ]


def _bad_requests() -> list[Case]:
    row = b"5.1,3.5,1.4,0.2\n"
    good = post(row, content_type=_CSV)
    end = Ending.CLOSE
    too_long = f"Content-Length: {LIMIT_MB * 2**20 + 1}".encode()
    too_large = row * (LIMIT_MB * 2**20 // len(row) + 1)
    chunked = good.partition(b"Content-Length")[0] + b"Transfer-Encoding: chunked\r\n\r\n"
    return [
        _refused("a path that is not there", good.replace(b"/invocations", b"/model"), status=404),
        Case(exchange=_get("/invocations", "a GET of /invocations", status=405), weight=4),
        _refused(
            "an answer as a picture",
            post(row, content_type=_CSV, accept="image/png"),
            status=406,
        ),
        _refused("a picture", post(row, content_type="image/png"), status=415),
        _refused(
            "a length over the limit",
            good[: -len(row)].replace(b"Content-Length: 16", too_long),
            status=413,
            ending=end,
        ),
        _refused(
            "a body over the limit",
            post(too_large, content_type=_CSV),
            status=413,
            ending=end,
            weight=0.05,
        ),
        _refused("no HTTP", b"5.1,3.5,1.4,0.2\r\n\r\n", status=400, ending=end),
        _refused(
            "a head without its end's sense",
            b"POST /invocations HTTP/1.1\r\nno colon here\r\n\r\n",
            status=400,
            ending=end,
        ),
        _refused(
            "an endless head",
            good.replace(b"Host:", b"X-Filler: " + b"x" * 20_000 + b"\r\nHost:"),
            status=431,
            ending=end,
        ),
        _refused("a chunk without its size", chunked + b"row\r\n", status=400, ending=end),
    ]


def _broken_off() -> list[Case]:
    good = post(b"5.1,3.5,1.4,0.2\n" * 100, content_type=_CSV)
    parts = {"in the head": good[:40], "in the body": good[:-200], "before the answer": good}
    return [
        Case(
            exchange=Exchange(
                name=f"cut {where}",
                request=part,
                expected=Expected(lambda _: True),
                ending=Ending.CUT,
            ),
            weight=3,
        )
        for where, part in parts.items()
    ]


def json_lines_exchange(chosen: list[Row]) -> Exchange:
    """Rows as JSON Lines, answered by a line with the label for each."""
    labels = [row.label for row in chosen]
    body = "".join(f"{json.dumps({'features': row.numbers})}\n" for row in chosen).encode()

    def check(answer: bytes) -> bool:
        try:
            return [json.loads(line)["prediction"] for line in answer.splitlines()] == labels
        except (ValueError, KeyError, TypeError):
            return False

    return Exchange(
        name=f"{counted(chosen)} of JSON Lines",
        request=post(body, content_type=_LINES),
        expected=Expected(check),
    )


def says_why(answer: bytes) -> bool:
    """Whether an answer's body is the reason for a refusal."""
    try:
        return bool(json.loads(answer)["error"])
    except (ValueError, KeyError, TypeError):
        return False


def _refused(
    name: str,
    request: bytes,
    *,
    status: int,
    ending: Ending = Ending.KEEP,
    weight: float = 4,
) -> Case:
    return Case(
        exchange=Exchange(
            name=name,
            request=request,
            expected=Expected(says_why, status=status),
            ending=ending,
        ),
        weight=weight,
    )


def _get(
    path: str, name: str, *, status: int, check: Callable[[bytes], bool] = says_why
) -> Exchange:
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    return Exchange(name=name, request=request, expected=Expected(check, status=status))
