"""SIGTERM under load: every request that was sent on an established connection is answered."""

import contextlib
import random
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from raw_http import Client, CutError, invocation
from support import PATIENCE, Server, served

_ANSWER = b"virginica\n"


class Load:
    """Clients that ask until nobody answers the door any more; counts what they sent and got."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.sent = self.answered = 0
        self.lost: list[object] = []
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []

    def start(self, client: Callable[[Client, random.Random], bool], number: int) -> None:
        """Lets so many clients do the same; ``client`` says whether its connection stays."""
        for seed in range(number):
            thread = threading.Thread(target=self._run, args=(client, random.Random(seed)))  # noqa: S311 - no secret
            self._threads.append(thread)
            thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive()

    def ask(self, client: Client, *, count: int = 1) -> bool:
        """Sends so many requests at once and reads the answers; whether the connection stays."""
        client.send(invocation() * count)
        with self._lock:
            self.sent += count
        for number in range(count):
            try:
                reply = client.reply()
            except CutError as error:
                with self._lock:
                    self.lost.append((number, count, error.args))
                return False
            with self._lock:
                self.answered += 1
            assert (reply.status, reply.body) == (200, _ANSWER)
            assert number == count - 1 or not reply.closes, "closed before all was answered"
        return not reply.closes

    def _run(self, client: Callable[[Client, random.Random], bool], chance: random.Random) -> None:
        while True:
            try:
                connection = Client(self._port, timeout=5)
            except OSError:  # refused, or no answer: the server is gone
                return
            # An error is one of sending: what was not sent whole is not waited for.
            with connection, contextlib.suppress(OSError):
                while client(connection, chance):
                    pass


def _put_under_load(server: Server, seed: int) -> Load:
    """Loads the server, stops it at a random moment, and waits until all clients have ended."""
    load = Load(server.port)

    def keeps(client: Client, chance: random.Random) -> bool:
        time.sleep(chance.choice((0, 0.001, 0.02)))
        return load.ask(client)

    def comes_anew(client: Client, _: random.Random) -> bool:
        load.ask(client)
        return False

    def pipelines(client: Client, chance: random.Random) -> bool:
        return load.ask(client, count=chance.randint(2, 5))

    load.start(keeps, 8)
    load.start(comes_anew, 4)
    load.start(pipelines, 2)
    time.sleep(0.2 + random.Random(seed).random() / 4)  # noqa: S311 - no secret
    server.process.send_signal(signal.SIGTERM)
    load.join()
    return load


@pytest.mark.parametrize("seed", range(3))
def test_a_stop_under_load_loses_nothing(trained: Path, seed: int) -> None:
    with served(trained, extra={"SAGEMAKER_MODEL_SERVER_WORKERS": "2"}) as server:
        load = _put_under_load(server, seed)
        assert server.process.wait(PATIENCE) == 0
    assert load.lost == []
    assert load.sent == load.answered > 100
