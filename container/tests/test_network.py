"""`train` and `serve` work without a network, as SageMaker's network isolation asks."""

from pathlib import Path

import pytest
from support import SAMPLE, failure, lines, ml_root, room, served, train

# Python imports this at its start: every use of the network but listening is noted and refused.
GUARD = """
import os, sys

USES = {f"socket.{name}" for name in (
    "connect", "sendto", "sendmsg", "getaddrinfo", "gethostbyname", "gethostbyaddr", "getnameinfo"
)}

def refuse(event, arguments):
    if event in USES:
        with open(os.environ["NETWORK_LOG"], "a") as log:
            log.write(f"{event} {arguments[1:]}\\n")
        raise OSError("there is no network")

sys.addaudithook(refuse)
"""


@pytest.fixture
def isolated(tmp_path: Path) -> dict[str, str]:
    """The environment of a process that gets no network; what it tries is noted in a file."""
    guard = tmp_path / "guard"
    guard.mkdir()
    (guard / "sitecustomize.py").write_text(GUARD)
    log = tmp_path / "network.log"
    log.touch()
    return {"PYTHONPATH": str(guard), "NETWORK_LOG": str(log)}


def uses(isolated: dict[str, str]) -> list[str]:
    return Path(isolated["NETWORK_LOG"]).read_text().splitlines()


def test_training_and_serving_need_none(tmp_path: Path, isolated: dict[str, str]) -> None:
    content = (SAMPLE / "train.csv").read_bytes()
    root = ml_root(tmp_path / "ml", {"train.csv": content})
    finished = train(root, extra=isolated)
    assert finished.returncode == 0, finished.stderr
    with served(root, extra={**isolated, "SERVE_HOST": "0.0.0.0"}) as server:  # noqa: S104
        assert server.invoke("5.9,3,5.1,1.8").body == b"virginica\n"
        code, log = server.stop()
        assert (code, lines(log, "error")) == (0, [])
    assert uses(isolated) == []


def test_a_model_that_uses_it_would_be_caught(tmp_path: Path, isolated: dict[str, str]) -> None:
    changes = "import socket\ndef fit(**_): socket.create_connection(('localhost', 9))"
    root = ml_root(tmp_path / "ml", {"a.csv": b"a,1\nb,2\n"})
    finished = train(root, source=room(tmp_path / "room", changes), extra=isolated)
    assert finished.returncode == 1
    assert "there is no network" in failure(root)
    assert len(uses(isolated)) == 1
