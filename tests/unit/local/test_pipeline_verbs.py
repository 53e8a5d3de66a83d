"""`make push`: what is pushed, which run is followed, and what is said instead."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from local import pipeline_verbs
from local.pipeline_runs import Run
from local.repository import SourceRepository
from local.running_cloud import RunningCloud
from local.terminal import LocalError

_NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
_GIT = ["git", "-c", "user.name=Test", "-c", "user.email=test@example.com"]


class Pipeline:
    """A pipeline that watches main; runs come with every look."""

    name = "iris-pipeline"

    def __init__(self, *looks: list[str]) -> None:
        self._looks = list(looks)

    def branch(self) -> str:
        """The watched branch."""
        return "main"

    def start(self) -> str:
        """A run of the same commit."""
        return "again"

    def runs(self) -> list[Run]:
        """Newest first."""
        return [
            Run(
                execution_id=name,
                status="InProgress",
                summary="",
                commit="",
                trigger="",
                started=_NOON,
                updated=_NOON,
            )
            for name in self._looks.pop(0)
        ]


@pytest.fixture
def followed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The runs that were followed."""
    seen: list[str] = []

    class Following:
        def __init__(self, *_: object, **__: object) -> None: ...

        def follow(self, execution_id: str) -> int:
            seen.append(execution_id)
            return 1

    monkeypatch.setattr(pipeline_verbs, "Progress", Following)
    return seen


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunningCloud:
    """A folder with a repository that takes everything, and a clone with a commit beside it."""
    state_dir, clone = tmp_path / "state", tmp_path / "clone"
    state_dir.mkdir()
    repository = SourceRepository(state_dir=state_dir)
    repository.create()
    for hook in (repository.path / "hooks").iterdir():
        hook.write_text("#!/bin/sh\n", encoding="utf-8")
    subprocess.run(["git", "init", "--quiet", str(clone)], check=True)
    monkeypatch.setattr(pipeline_verbs, "_ROOT", clone)
    monkeypatch.setattr(pipeline_verbs, "head_commit", lambda: _head(clone))
    _commit(clone, "First")
    return RunningCloud(state_dir=state_dir, pid=1, port=4, site_port=5, engine=None)


def _commit(clone: Path, subject: str, *options: str) -> None:
    command = [*_GIT, "-C", str(clone), "commit", "--quiet", "--allow-empty", "--no-verify"]
    subprocess.run([*command, "-m", subject, *options], check=True)


def _head(clone: Path) -> str:
    command = ["git", "-C", str(clone), "rev-parse", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _watched(monkeypatch: pytest.MonkeyPatch, *looks: list[str]) -> None:
    pipeline = Pipeline(*looks)
    monkeypatch.setattr(pipeline_verbs, "pipeline_of", lambda _: pipeline)


def test_the_run_that_a_push_starts_is_followed(
    cloud: RunningCloud, followed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _watched(monkeypatch, ["old"], ["of-somebody-later", "new", "old"])
    assert pipeline_verbs.push(cloud, again=False) == 1
    assert followed == ["new"]
    clone = pipeline_verbs._ROOT
    assert SourceRepository(state_dir=cloud.state_dir).commit_of("main") == _head(clone)


def test_an_amended_commit_can_be_pushed(
    cloud: RunningCloud, followed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _watched(monkeypatch, [], [], [], ["new"])
    pipeline_verbs.push(cloud, again=False)
    _commit(pipeline_verbs._ROOT, "First, better", "--amend")
    pipeline_verbs.push(cloud, again=False)
    assert followed == ["new"]


def test_a_push_that_starts_nothing_ends_well(
    cloud: RunningCloud, followed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _watched(monkeypatch, ["old"], ["old"])
    assert pipeline_verbs.push(cloud, again=False) == 0
    assert followed == []


def test_the_same_commit_is_run_again_only_if_asked(
    cloud: RunningCloud,
    followed: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    _watched(monkeypatch, [], [])
    with pytest.raises(LocalError, match="There is no commit to run again"):
        pipeline_verbs.push(cloud, again=True)
    pipeline_verbs.push(cloud, again=False)
    assert pipeline_verbs.push(cloud, again=False) == 0
    assert "A push without a new commit starts nothing." in capsys.readouterr().out
    assert pipeline_verbs.push(cloud, again=True) == 1
    assert followed == ["again"]


def test_a_push_that_is_refused_is_a_failure(
    cloud: RunningCloud, followed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _watched(monkeypatch, [])
    hook = SourceRepository(state_dir=cloud.state_dir).path / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    with pytest.raises(LocalError, match="git push failed"):
        pipeline_verbs.push(cloud, again=False)
    assert followed == []
