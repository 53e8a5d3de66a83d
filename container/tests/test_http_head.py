"""Heads: what was kept of earlier ones never changes what a head means."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from plumbing import http_head
from plumbing.http_head import Head, HttpError

_FIRST = st.sampled_from(
    [
        b"GET /ping HTTP/1.1",
        b"POST /invocations HTTP/1.1",
        b"POST /invocations HTTP/1.0",
        b"POST http://host/invocations?a=b HTTP/1.1",
        b"GET /ping HTTP/2.0",
        b"GET  /ping HTTP/1.1",
        b"GET: /ping",
        b"",
        b"\r",
    ]
)
_NAMES = st.sampled_from(
    [
        *(b"content-length", b"Content-Length", b"Transfer-Encoding", b"Connection", b"Expect"),
        *(b"content-type", b"ACCEPT", b"accept-encoding", b"content-lengths", b"Upgrade", b"host"),
        *(b"Content-Length ", b" content-length", b"x-amzn-requestid", b"", b"na\xefve", b"a(b"),
    ]
)
_VALUES = st.one_of(
    st.sampled_from(
        [
            *(b"3", b"4", b"+3", b"chunked", b"close", b"keep-alive", b"100-continue", b"text/csv"),
            *(b"3\r\n 4", b"3\ncontent-length: 4", b"\r", b"a\0b", b"\xff", b"\t", b"x\r\nhost: y"),
        ]
    ),
    st.binary(max_size=6),
)
_LINE = st.builds(
    lambda name, colon, value: name + colon + value,
    _NAMES,
    st.sampled_from([b": ", b":", b":\t", b"", b" : "]),
    _VALUES,
)
_HEADS = st.builds(
    lambda first, lines, ends: ends.join([first, *lines]) + b"\r\n\r\n",
    _FIRST,
    st.lists(_LINE, max_size=4),
    st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n"]),
)


def _meaning(raw: bytes) -> Head | int:
    try:
        return http_head.read(raw)
    except HttpError as error:
        return error.status


@settings(max_examples=500, deadline=None)
@example([b"\r\nGET /ping HTTP/1.1\r\n\r\n", b"\r\nhost: a\r\nGET /ping HTTP/1.1\r\n\r\n"])
@example([b"GET / HTTP/1.1\r\na: b\r\n\r\n", b"GET / HTTP/1.1\r\na: \0\r\n\r\n"])
@given(st.lists(_HEADS, min_size=1, max_size=4))
def test_a_head_means_the_same_whatever_came_before(heads: list[bytes]) -> None:
    for raw in heads:
        if raw.find(http_head.END) + len(http_head.END) < len(raw):
            continue  # it ends earlier: a connection would not hand this over
        kept = _meaning(raw)
        try:
            anew: Head | int = http_head._parse(raw)
        except HttpError as error:
            anew = error.status
        assert kept == anew


@pytest.mark.parametrize(
    "line",
    [
        *(b"Accept: text/csv", b"Connection: close", b"CONTENT-LENGTH: 3", b"content-Type: x"),
        *(b"expect: x", b"Transfer-Encoding: chunked", b"Transfer-encoding: x", b"a b: c"),
    ],
)
def test_a_line_that_changes_something_is_seen(line: bytes) -> None:
    without = http_head.read(b"POST / HTTP/1.1\r\n\r\n")
    assert _meaning(b"POST / HTTP/1.1\r\n" + line + b"\r\n\r\n") != without


def test_a_head_is_known_though_its_trace_id_is_another_one() -> None:
    raw = b"POST /invocations HTTP/1.1\r\nHost: %b\r\nContent-Length: 3\r\nTrace-Id: %b\r\n\r\n"
    first = http_head.read(raw % (b"a", b"1"))
    assert http_head.read(raw % (b"b", b"2")) is first
    assert http_head.read((raw % (b"b", b"2")).replace(b": 3", b": 4")).length == 4


def test_what_is_kept_is_bounded() -> None:
    for number in range(2000):
        http_head.read(b"GET /%d HTTP/1.1\r\n\r\n" % number)
        http_head.read(b"GET /%b HTTP/1.1\r\n\r\n" % (b"-" * (number + 5000)))
    assert len(http_head._kept) <= 512
    assert sum(map(len, http_head._kept)) < 2**20


def test_the_limit_counts_for_known_heads_too() -> None:
    raw = b"GET /ping HTTP/1.1\r\npadding: %b\r\n\r\n"
    http_head.read(raw % b"")
    with pytest.raises(HttpError, match="longer than"):
        http_head.read(raw % (b"-" * http_head.HEAD_BYTES))
