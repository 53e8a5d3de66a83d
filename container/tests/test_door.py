"""Who comes in by which worker, and what happens to those who stand at a door that is closed."""

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable, Iterator

import pytest
from plumbing import door
from plumbing.accepting import Acceptor, Shares
from support import PATIENCE


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with contextlib.closing(door.listen("127.0.0.1", 0)) as made:
        yield made


@pytest.fixture
def burst(listener: socket.socket) -> Iterator[Callable[[int], None]]:
    """Makes so many connections."""
    with contextlib.ExitStack() as stack:

        def connect(number: int) -> None:
            for _ in range(number):
                stack.enter_context(socket.create_connection(listener.getsockname(), PATIENCE))

        yield connect


class Worker:
    """One that accepts, and counts what it has."""

    def __init__(self, listener: socket.socket, shares: Shares, number: int) -> None:
        self.taken: list[socket.socket] = []
        self._shares = shares
        self._number = number
        self.acceptor = Acceptor(listener.dup(), self._welcome, shares=shares, worker=number)

    def _welcome(self, connection: socket.socket) -> None:
        self.taken.append(connection)
        self._shares.set(self._number, len(self.taken))

    def close(self) -> None:
        self.acceptor.close()
        for connection in self.taken:
            connection.close()


async def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.001)


def test_workers_get_even_shares_of_a_burst(
    listener: socket.socket, burst: Callable[[int], None]
) -> None:
    async def run() -> None:
        shares = Shares(3)
        workers = [Worker(listener, shares, number) for number in range(3)]
        burst(12)
        await _until(lambda: sum(shares.all()) == 12)
        assert shares.all() == [4, 4, 4]
        for worker in workers:
            worker.close()

    asyncio.run(run())


def test_a_worker_that_is_busy_is_waited_for_once_only(
    listener: socket.socket, burst: Callable[[int], None]
) -> None:
    async def run() -> None:
        shares = Shares(2)  # the second one does not come
        worker = Worker(listener, shares, 0)
        burst(200)
        began = time.monotonic()
        await _until(lambda: shares.all() == [200, 0])
        assert time.monotonic() - began < 1, "not 200 times a hundredth of a second"
        worker.close()

    asyncio.run(run())


def test_who_waits_when_the_door_is_shut_comes_in_and_nobody_after_that(
    listener: socket.socket, burst: Callable[[int], None]
) -> None:
    # Given some who wait
    burst(3)
    # When the door is shut
    door.shut(listener)
    # Then nobody else gets in; it is as if the request to connect had been lost
    with pytest.raises(TimeoutError):
        socket.create_connection(listener.getsockname(), 0.2)
    # And those who waited do
    accepted = []
    while (connection := door.accept(listener)) is not None:
        accepted.append(connection)
    assert len(accepted) == 3
    for connection in accepted:
        connection.close()
