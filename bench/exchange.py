"""What a client sends and what must come back; answers are read to the end and compared."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass


class Ending(enum.Enum):
    """What becomes of the connection."""

    KEEP = "both sides keep it"
    CLOSE = "it is not used again after the answer"
    CUT = "the client hangs up when it has sent the request, and wants no answer"


class UnreadableAnswerError(Exception):
    """An answer is not HTTP as this client reads it."""


class Expected:
    """What an answer has to be: its status, and a body that `check` finds right.

    The first answer is taken apart and checked; another with the same status, length and body is
    right too, so that checking costs a comparison. Requests that want the same answer share this.
    """

    __slots__ = ("_known_size", "_known_tail", "check", "head", "status")

    def __init__(self, check: Callable[[bytes], bool], *, status: int = 200) -> None:
        self.check = check
        self.status = status
        self.head = b"HTTP/1.1 %d " % status
        self._known_tail = b""
        self._known_size = -1

    def is_known(self, data: bytes) -> bool:
        """Whether this is the whole of an answer that was found right before."""
        return (
            len(data) == self._known_size
            and data.startswith(self.head)
            and data.endswith(self._known_tail)
        )

    def fault(self, answer: Answer) -> str:
        """What is wrong with an answer, or nothing; what is right is known from then on."""
        if answer.status != self.status:
            return f"{answer.status} in place of {self.status}: {answer.body[:200]!r}"
        if self._known_tail[4:] != answer.body or not self._known_tail:
            if not self.check(answer.body):
                return f"a wrong answer: {answer.body[:200]!r}"
            self._known_tail = b"\r\n\r\n" + answer.body
        # An answer that ends the connection has to be taken apart each time.
        if not answer.closes:
            self._known_size = answer.size
        return ""


@dataclass(frozen=True, slots=True, eq=False)
class Exchange:
    """A request, ready to send, and what must come back."""

    name: str
    request: bytes
    expected: Expected
    ending: Ending = Ending.KEEP


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A complete answer, `size` bytes in all."""

    status: int
    body: bytes
    size: int
    closes: bool


def needed(data: bytes | bytearray) -> int:
    """How many bytes the answer that begins here has in all; 0 while that cannot be told.

    Raises:
        UnreadableAnswerError: it is no answer, or has no Content-Length.
    """
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return 0
    lines = bytes(data[:end]).lower().split(b"\r\n")
    if not lines[0].startswith(b"http/1.1 "):
        raise UnreadableAnswerError(f"no answer in HTTP/1.1: {lines[0][:100]!r}")
    for line in lines[1:]:
        name, _, value = line.partition(b":")
        if name == b"content-length":
            return end + 4 + int(value)
    raise UnreadableAnswerError(f"an answer without Content-Length: {lines!r}")


def read(data: bytes | bytearray) -> Answer:
    """Take a complete answer apart."""
    head, _, body = bytes(data).partition(b"\r\n\r\n")
    return Answer(
        status=int(head[9:12]),
        body=body,
        size=len(data),
        closes=b"\r\nconnection: close" in head.lower(),
    )
