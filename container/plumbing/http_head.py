"""The head of a request: what stands before its body, read by httptools' strict parser.

https://www.rfc-editor.org/rfc/rfc9112
"""

import contextlib
import re
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import unquote

import httptools

HEAD_BYTES = 16 * 1024  # the longest head that is read
END = b"\r\n\r\n"
_KEPT_BYTES = 2048
_KEPT_HEADS = 512
_kept: dict[bytes, "Head"] = {}
# A valid line whose header changes nothing here: neither where the request ends nor its answer.
# (RFC 9110, sections 5.1 and 5.5, without line folding.) What goes is from the LF before it to its
# CR, so that every line that stays is still between CRLFs.
_INDIFFERENT_LINE = re.compile(
    rb"\n(?!(?i:accept|connection|content-length|content-type|expect|proxy-connection"
    rb"|transfer-encoding|upgrade):)"
    rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t -~\x80-\xff]*\r(?=\n)"
)


class HttpError(Exception):
    """What the client sent is not a request that can be answered; the connection ends with it."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Head:
    """``length`` is that of the body in bytes, None where the body comes in chunks.

    ``path`` is without query. ``content_type`` and ``accept`` are as they were sent, empty if not.
    ``connection`` is the line with which the answer says whether the connection stays; it is empty
    where nothing has to be said.
    """

    method: str
    path: str
    content_type: str
    accept: str
    length: int | None
    keep_alive: bool
    expects_continue: bool
    connection: bytes


def read(raw: bytes) -> Head:
    """Reads a head, the blank line at its end included.

    Most heads of a client differ in a trace id at most. So the lines that change nothing are taken
    out first, if they are valid; what is left is the same again and again, always means the same,
    and is kept. That costs a fifth of reading it.

    Raises:
        HttpError: it is malformed, or asks for what HTTP/1.1 allows and this server does not do.
    """
    if len(raw) > HEAD_BYTES:
        raise too_long()
    if raw.startswith(b"\r\n"):  # then the request line is not the first one
        return _parse(raw)
    essence = _INDIFFERENT_LINE.sub(b"", raw)
    head = _kept.get(essence)
    if head is None:
        head = _parse(raw)
        if len(essence) <= _KEPT_BYTES:
            if len(_kept) >= _KEPT_HEADS:
                _kept.clear()
            _kept[essence] = head
    return head


def too_long() -> HttpError:
    return HttpError(
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
        f"The head of the request is longer than {HEAD_BYTES} bytes.",
    )


class _Parts:
    """What httptools calls while it reads a head."""

    def __init__(self) -> None:
        self.parser = httptools.HttpRequestParser(self)
        self.url = b""
        self.headers: dict[bytes, bytes] = {}
        self.keep_alive: bool | None = None  # None until the head has been read to its end

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        known = self.headers.get(name)
        self.headers[name] = value if known is None else known + b"," + value

    def on_headers_complete(self) -> None:
        self.keep_alive = self.parser.should_keep_alive()


def _parse(raw: bytes) -> Head:
    parts = _Parts()
    try:
        parts.parser.feed_data(raw)
    except httptools.HttpParserUpgrade:
        pass  # the client offers another protocol; going on with this one declines it
    except httptools.HttpParserError as error:
        raise HttpError(HTTPStatus.BAD_REQUEST, f"This is no HTTP request: {error}.") from None
    if parts.keep_alive is None:
        raise HttpError(HTTPStatus.BAD_REQUEST, "This is no HTTP request: its head has no end.")
    headers, version = parts.headers, parts.parser.get_http_version()
    if version not in ("1.1", "1.0"):
        raise HttpError(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "Speak HTTP/1.1.")
    coding = headers.get(b"transfer-encoding")
    if coding is not None and (coding.lower() != b"chunked" or version == "1.0"):
        raise HttpError(HTTPStatus.NOT_IMPLEMENTED, "The only transfer coding is chunked.")
    expected = headers.get(b"expect", b"").lower()
    if expected not in (b"", b"100-continue"):
        raise HttpError(HTTPStatus.EXPECTATION_FAILED, "Expect nothing but 100-continue.")
    return Head(
        method=parts.parser.get_method().decode(),
        path=_path(parts.url),
        content_type=headers.get(b"content-type", b"").decode("latin-1"),
        accept=headers.get(b"accept", b"").decode("latin-1"),
        length=None if coding else int(headers.get(b"content-length", b"0")),
        keep_alive=parts.keep_alive,
        expects_continue=bool(expected) and version == "1.1",
        connection=_connection(keep_alive=parts.keep_alive, version=version),
    )


def _path(url: bytes) -> str:
    if not url.startswith(b"/"):  # sent as to a proxy: http://host/path
        # "*", and the host and port of CONNECT, stay as they are: no path that is answered
        with contextlib.suppress(httptools.HttpParserInvalidURLError):
            url = httptools.parse_url(url).path or b"/"
    return unquote(url.partition(b"?")[0].decode("latin-1"))


def _connection(*, keep_alive: bool, version: str) -> bytes:
    if not keep_alive:
        return b"connection: close\r\n"
    return b"connection: keep-alive\r\n" if version == "1.0" else b""
