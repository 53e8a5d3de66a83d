"""A real `git push` to the local cloud's repository, with a stand-in for the cloud's door."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from local.git import without_git
from local.pipeline.repository import NOTHING
from local.repository import SourceRepository

# Takes pushes as the cloud's site does, keeps them, and answers what the test has laid down.
_DOOR = """\
import json, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

folder = Path(sys.argv[1])

class Door(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with (folder / "pushes").open("a") as file:
            file.write(json.dumps([self.path, json.loads(body)]) + "\\n")
        answer = (folder / "outcomes").read_bytes()
        self.send_response(200 if answer.startswith(b"[") else 500)
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass

server = HTTPServer(("127.0.0.1", 0), Door)
print(server.server_port, flush=True)
server.serve_forever()
"""


@dataclass(frozen=True, kw_only=True)
class Pushing:
    """A clone with a commit, and the repository that it pushes to."""

    clone: Path
    repository: SourceRepository

    def git(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run git in the clone."""
        identity = ["-c", "user.name=Test", "-c", "user.email=test@example.com"]
        return subprocess.run(
            ["git", "-C", str(self.clone), *identity, *arguments],
            env={**without_git(os.environ), **more},
            capture_output=True,
            text=True,
            check=False,
        )

    def commit(self, subject: str) -> str:
        """Make an empty commit; its hash."""
        self.git("commit", "--quiet", "--allow-empty", "--no-verify", "-m", subject)
        return self.git("rev-parse", "HEAD").stdout.strip()

    def push(self, *what: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Push, and look at nothing that it starts."""
        return self.git("push", str(self.repository.path), *what, **{"FOLLOW": "0", **more})

    def answers(self, *outcomes: dict[str, str | None]) -> None:
        """Let the door answer this."""
        path = self.repository.state_dir / "outcomes"
        path.write_text(json.dumps(outcomes), encoding="utf-8")

    def told(self) -> list[tuple[str, dict[str, str]]]:
        """What the door was told."""
        path = self.repository.state_dir / "pushes"
        return [tuple(json.loads(line)) for line in path.read_text().splitlines()]


@pytest.fixture
def pushing(tmp_path: Path) -> Pushing:
    """Without a cloud that runs."""
    state_dir = tmp_path / "it's a state"
    state_dir.mkdir()
    made = Pushing(clone=tmp_path / "clone", repository=SourceRepository(state_dir=state_dir))
    made.repository.create()
    made.clone.mkdir()
    made.git("init", "--quiet", "--initial-branch=main")
    return made


@pytest.fixture
def door(pushing: Pushing) -> Iterator[Pushing]:
    """With the door of a cloud."""
    state_dir = pushing.repository.state_dir
    with subprocess.Popen(
        [sys.executable, "-c", _DOOR, str(state_dir)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        port = int(process.stdout.readline())
        record = {"pid": process.pid, "port": 1, "site_port": port, "engine": None}
        (state_dir / "cloud.json").write_text(json.dumps(record), encoding="utf-8")
        try:
            yield pushing
        finally:
            process.terminate()


def test_the_cloud_is_told_what_was_pushed(door: Pushing) -> None:
    # Given a first commit
    door.answers({"pipeline": "iris-pipeline", "execution_id": "run-1", "reason": ""})
    first = door.commit("First")
    # When it is pushed, and then a second one
    pushed = door.push("HEAD:main")
    second = door.commit("Second")
    door.push("HEAD:main")
    # Then the cloud knows both, each with what was there before
    assert pushed.returncode == 0, pushed.stderr
    assert "remote: Started: run run-1" in pushed.stderr
    assert door.told() == [
        ("/_local/push", {"branch": "main", "before": NOTHING, "after": first}),
        ("/_local/push", {"branch": "main", "before": first, "after": second}),
    ]
    assert door.repository.commit_of("main") == second
    assert door.repository.commit_of("other") is None
    assert door.repository.subject_of(first) == "First"


def test_why_nothing_starts_is_shown(door: Pushing) -> None:
    why = "the trigger leaves out docs/**, and nothing else has changed"
    door.answers({"pipeline": "iris-pipeline", "execution_id": None, "reason": why})
    door.commit("Docs")
    pushed = door.push("HEAD:main")
    assert f"remote: iris-pipeline does not start: {why}" in pushed.stderr
    assert "Started" not in pushed.stderr


def test_a_tag_starts_nothing(door: Pushing) -> None:
    door.commit("First")
    pushed = door.push("HEAD:refs/tags/v1")
    assert pushed.returncode == 0
    assert "remote: refs/tags/v1 is no branch: nothing starts." in pushed.stderr
    assert not (door.repository.state_dir / "pushes").exists()


def test_a_door_that_fails_says_where_to_look(door: Pushing) -> None:
    (door.repository.state_dir / "outcomes").write_text("out of order", encoding="utf-8")
    door.commit("First")
    pushed = door.push("HEAD:main")
    assert "500 out of order" in pushed.stderr
    assert str(door.repository.state_dir / "cloud.log") in pushed.stderr


def test_nothing_is_taken_while_the_cloud_does_not_run(pushing: Pushing) -> None:
    pushing.commit("First")
    pushed = pushing.push("HEAD:main")
    assert pushed.returncode == 1
    assert "run `make up`, then push again" in pushed.stderr
    assert pushing.repository.commit_of("main") is None


def test_a_wrong_decision_is_told_before_anything_is_taken(door: Pushing) -> None:
    door.commit("First")
    pushed = door.push("HEAD:main", DECISION="perhaps")
    assert pushed.returncode == 1
    assert "use DECISION=approve or reject" in pushed.stderr
    assert door.repository.commit_of("main") is None


def test_a_clone_without_history_can_be_pushed(door: Pushing, tmp_path: Path) -> None:
    door.answers({"pipeline": "iris-pipeline", "execution_id": "run-1", "reason": ""})
    door.commit("First")
    newest = door.commit("Second")
    shallow = tmp_path / "shallow"
    door.git("clone", "--quiet", "--depth=1", f"file://{door.clone}", str(shallow))
    pushed = Pushing(clone=shallow, repository=door.repository).push("HEAD:main")
    assert pushed.returncode == 0, pushed.stderr
    assert door.repository.commit_of("main") == newest


def test_a_new_cloud_has_an_empty_repository(door: Pushing) -> None:
    door.answers()
    door.commit("First")
    door.push("HEAD:main")
    door.repository.create()
    assert door.repository.commit_of("main") is None
