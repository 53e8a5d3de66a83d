"""The listening socket, and how it is closed without losing who has just come in."""

import contextlib
import ctypes
import errno
import socket
import struct
import sys
import time

BACKLOG = 2048
_SO_ATTACH_FILTER = 26  # asm-generic/socket.h; the socket module does not name it
_SYN = 0x02
# A classic BPF program that sees a TCP segment: https://docs.kernel.org/networking/filter.html
# opcode, jump if true, jump if false, operand
_DROP_SYN = (
    (0x30, 0, 0, 13),  # load the byte with the flags
    (0x45, 0, 1, _SYN),  # does it ask for a new connection?
    (0x06, 0, 0, 0),  # then drop it
    (0x06, 0, 0, 0xFFFFFFFF),  # else take it whole
)


def listen(host: str, port: int) -> socket.socket:
    """Binds and listens.

    Raises:
        OSError: the address is in use or not ours.
    """
    listener = socket.create_server((host, port), backlog=BACKLOG, reuse_port=False)
    listener.setblocking(False)
    return listener


def shut(listener: socket.socket) -> None:
    """From now on no new connection is established; those that are can still be accepted.

    Closing a listening socket resets what its queue holds, and between the last look into the queue
    and the closing a client may come in. After this none can: the kernel drops requests for new
    connections as if they had been lost. It counts for all processes that share the socket.
    """
    if sys.platform != "linux":
        return
    program = ctypes.create_string_buffer(
        b"".join(struct.pack("HBBI", *step) for step in _DROP_SYN)
    )
    filter_ = struct.pack("HP", len(_DROP_SYN), ctypes.addressof(program))
    with contextlib.suppress(OSError):  # a kernel without it: the moment of closing stays unsafe
        listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, filter_)


def accept(listener: socket.socket) -> socket.socket | None:
    """The next connection, non-blocking, or None when nobody waits or nobody can be taken."""
    while True:
        try:
            connection, _ = listener.accept()
        except OSError as error:
            if error.errno == errno.ECONNABORTED:  # gone before it was its turn
                continue
            if error.errno in (errno.EMFILE, errno.ENFILE):
                time.sleep(0.01)  # those who wait go on waiting; nor does this spin
            return None
        connection.setblocking(False)
        return connection
