"""How a server ends, step by step: the grace, the last answer, the time limit."""

import asyncio
import socket
from collections.abc import Awaitable, Callable

import pytest
from fake_transport import echo
from plumbing import door, http_server
from plumbing.http_answer import Response
from plumbing.http_connection import Content
from plumbing.http_head import Head
from plumbing.http_server import Application, Handler, serve
from raw_http import Client, invocation
from support import PATIENCE

_Step = Callable[[Client, asyncio.Event], Awaitable[None]]


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "_GRACE_SECONDS", 0.5)
    monkeypatch.setattr(http_server, "DRAIN_SECONDS", 1.5)


def _served(step: _Step, handler: Handler = echo) -> float:
    """Serves one client, which does ``step``; returns how long it took from the stop to the end."""

    async def run() -> float:
        stop = asyncio.Event()
        listener = door.listen("127.0.0.1", 0)
        port = listener.getsockname()[1]
        serving = asyncio.create_task(serve(listener, Application(handler), stop))
        with await asyncio.to_thread(Client, port, timeout=PATIENCE) as client:
            await step(client, stop)
            began = asyncio.get_running_loop().time()
            await asyncio.wait_for(serving, PATIENCE)
            return asyncio.get_running_loop().time() - began

    return asyncio.run(run())


def test_an_idle_connection_has_a_grace_in_which_a_request_is_answered() -> None:
    async def step(client: Client, stop: asyncio.Event) -> None:
        first = await asyncio.to_thread(client.ask, invocation())
        assert not first.closes
        stop.set()
        await asyncio.sleep(0.3)  # the door is shut by now
        last = await asyncio.to_thread(client.ask, invocation())
        assert (last.status, last.closes) == (200, True)
        assert await asyncio.to_thread(client.ends)
        client.socket.close()

    assert _served(step) < 0.5


def test_an_idle_connection_is_ended_after_the_grace() -> None:
    async def step(client: Client, stop: asyncio.Event) -> None:
        await asyncio.to_thread(client.ask, invocation())
        stop.set()
        assert await asyncio.to_thread(client.ends)
        client.socket.close()

    assert _served(step) < 0.5


def test_all_that_came_at_once_is_answered_before_the_end() -> None:
    async def step(client: Client, stop: asyncio.Event) -> None:
        client.send(invocation()[:-3])
        await asyncio.sleep(0.1)
        stop.set()
        await asyncio.sleep(0.1)
        client.send(invocation()[-3:] + invocation() * 200 + invocation()[:-1])
        replies = [await asyncio.to_thread(client.reply) for _ in range(201)]
        assert not any(reply.closes for reply in replies)
        client.send(invocation()[-1:])
        assert (await asyncio.to_thread(client.reply)).closes
        client.socket.close()

    assert _served(step) < 1


def test_what_does_not_end_is_given_up() -> None:
    started = asyncio.Event()

    async def late() -> Response:
        started.set()
        await asyncio.Event().wait()
        raise AssertionError

    def handler(_head: Head, _content: Content) -> Awaitable[Response]:
        return late()

    async def step(client: Client, stop: asyncio.Event) -> None:
        client.send(invocation())
        await asyncio.wait_for(started.wait(), PATIENCE)
        stop.set()

    assert 1 < _served(step, handler) < 5


def test_nobody_new_is_let_in_meanwhile() -> None:
    async def step(client: Client, stop: asyncio.Event) -> None:
        client.send(invocation()[:-1])
        address = client.socket.getpeername()
        stop.set()
        await asyncio.sleep(0.05)
        with pytest.raises(OSError):  # noqa: PT011 - no answer at first, refused later
            await asyncio.to_thread(socket.create_connection, address, 1)
        client.send(invocation()[-1:])
        assert (await asyncio.to_thread(client.reply)).closes
        client.socket.close()

    _served(step)
