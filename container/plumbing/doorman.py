"""Answers at the door while the model is loading, in a process of its own.

Loading may keep an interpreter busy for long. So the first child of the server accepts connections
and answers /ping; every other request waits, unread. When the model has been loaded the connections
are handed over as they are, and whoever gets them reads the requests that wait in them.
"""

import contextlib
import select
import signal
import socket
from collections.abc import Iterator
from types import FrameType

from plumbing import door, http_head
from plumbing.http_head import END, HEAD_BYTES, HttpError

LOADING = "The model is still loading. Try again shortly."
_LOOK_SECONDS = 0.1
_AT_ONCE = 100  # descriptors in one message; Linux takes 253
_EDGE = select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLET
_BODY = b'{"error": "%b"}' % LOADING.encode()
_ANSWER = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\n"
    b"content-length: %d\r\n" % len(_BODY)
)


class Doorman:
    """``tell`` is one end of a pair of sockets: what comes there, or its end, ends the waiting."""

    def __init__(self, listener: socket.socket, tell: socket.socket) -> None:
        self._listener = listener
        self._tell = tell
        self._guests: dict[int, socket.socket] = {}
        self._stopped = False

    def wait(self) -> list[socket.socket]:
        """Answers /ping until the model is loaded or SIGTERM comes; returns who is there."""
        signal.signal(signal.SIGTERM, self._stop)
        with select.epoll() as poll:
            for each in (self._listener, self._tell):
                poll.register(each, select.EPOLLIN)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
            while not self._stopped:
                for descriptor, event in poll.poll(_LOOK_SECONDS):
                    if descriptor == self._tell.fileno():
                        return list(self._guests.values())
                    if descriptor == self._listener.fileno():
                        self._accept(poll)
                    elif event & (select.EPOLLERR | select.EPOLLHUP) or not self._answer(
                        self._guests[descriptor]
                    ):
                        self._guests.pop(descriptor).close()
        return list(self._guests.values())

    @property
    def stopped(self) -> bool:
        """Whether SIGTERM has come: the guests are to be sent away."""
        return self._stopped

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopped = True

    def _accept(self, poll: select.epoll) -> None:
        guest = door.accept(self._listener)
        if guest is not None:
            self._guests[guest.fileno()] = guest
            poll.register(guest, _EDGE)  # says so at once if something has come already

    def _answer(self, guest: socket.socket) -> bool:
        """Answers /ping; all else stays in the socket. False when the client is gone."""
        try:
            while waiting := guest.recv(HEAD_BYTES, socket.MSG_PEEK):
                end = waiting.find(END) + len(END)
                keep_alive = _ping(waiting[:end])
                if keep_alive is None:
                    return True
                guest.recv(end)
                guest.sendall(_answer(keep_alive=keep_alive, whole=not waiting.startswith(b"HEAD")))
                if not keep_alive:
                    guest.shutdown(socket.SHUT_WR)
        except BlockingIOError:
            return True
        except OSError:
            pass
        return False


def _ping(raw: bytes) -> bool | None:
    """Whether the connection stays after this request for /ping; None if it is another one."""
    try:
        head = http_head.read(raw)
    except HttpError:
        return None
    if head.path != "/ping" or head.method not in ("GET", "HEAD") or head.length != 0:
        return None
    return head.keep_alive


def _answer(*, keep_alive: bool, whole: bool) -> bytes:
    close = b"" if keep_alive else b"connection: close\r\n"
    return _ANSWER + close + b"\r\n" + (_BODY if whole else b"")


def hand_over(tell: socket.socket, guests: list[socket.socket]) -> None:
    """Sends the connections to the other end, and closes ours."""
    tell.setblocking(True)
    for start in range(0, len(guests), _AT_ONCE):
        batch = guests[start : start + _AT_ONCE]
        socket.send_fds(tell, [b"."], [each.fileno() for each in batch])
    tell.close()


def take_over(tell: socket.socket) -> Iterator[socket.socket]:
    """Tells the doorman that the model is loaded, and receives the connections."""
    tell.settimeout(5)
    with contextlib.suppress(OSError):  # there is no doorman any more, and so are no guests
        tell.send(b".")
        while True:
            said, descriptors, _, _ = socket.recv_fds(tell, 1, _AT_ONCE)
            if not said:
                return
            for each in descriptors:
                yield socket.socket(fileno=each)
