"""What a person sees of a run, from answers in the shapes of the CodePipeline API."""

from __future__ import annotations

from pathlib import Path

import pytest

from local import pipeline_verbs, progress
from local.pipeline_runs import PipelineRuns
from local.progress import Progress
from local.release import Outcome
from local.repository import SourceRepository
from local.running_cloud import RunningCloud
from local.terminal import LocalError
from tests.unit.local.pipeline_answers import (
    COMMIT,
    EXECUTION,
    Answer,
    Client,
    Look,
    action_of,
    run_of,
)


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunningCloud:
    """A folder is all that is needed of it."""
    monkeypatch.setattr(progress, "_POLL_SECONDS", 0)
    return RunningCloud(state_dir=tmp_path, pid=1, port=4, site_port=5, engine=None)


def _follow(cloud: RunningCloud, client: Client, run: str = "one") -> int:
    pipeline = PipelineRuns.of(client)  # type: ignore[arg-type]
    subject = {COMMIT: "Deeper trees"}.get
    return Progress(
        cloud, pipeline, decision="", subject=lambda commit: subject(commit, "")
    ).follow(run)


def test_actions_are_told_once_as_they_begin_and_end(
    cloud: RunningCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    source = action_of("Source.Source", "Succeeded", "CodeStarSourceConnection")
    running, done = action_of("Build.Synth", "InProgress"), action_of("Build.Synth", "Succeeded")
    client = Client(
        [
            ([run_of("one", "InProgress", commit="")], {}),
            ([run_of("one", "InProgress")], {"one": [source, running]}),
            ([run_of("one", "InProgress")], {"one": [source, running]}),
            ([run_of("one", "Succeeded")], {"one": [source, done]}),
        ]
    )
    assert _follow(cloud, client) == 0
    log = cloud.state_dir / "logs" / "pipeline" / "iris-pipeline" / "one" / "Build.Synth.log"
    assert capsys.readouterr().out.splitlines() == [
        "== iris-pipeline, run one",
        "   Ctrl-C ends this view and not the run; `make pipeline` shows it.",
        "   commit 01234567 Deeper trees",
        "-> Source / Source",
        "   Source / Source: succeeded after 12.3 s",
        "-> Build / Synth",
        f"   Its output, as it comes: {log}",
        "   Build / Synth: succeeded after 12.3 s",
        "",
        "The run one ended as Succeeded after 90 s",
    ]


def test_a_failed_action_shows_its_log_and_its_message(
    cloud: RunningCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = cloud.state_dir / "logs" / "pipeline" / "iris-pipeline" / "one"
    folder.mkdir(parents=True)
    log = folder / "Build.Synth.log"
    log.write_text("".join(f"line {number}\n" for number in range(100)), encoding="utf-8")
    why = "make check: exit status 2\ntest_settings.py failed"
    failed = action_of("Build.Synth", "Failed", errorDetails={"code": "JobFailed", "message": why})
    assert _follow(cloud, Client([([run_of("one", "Failed")], {"one": [failed]})])) == 1
    said = capsys.readouterr().out
    assert "   | make check: exit status 2\n   | test_settings" in said
    assert "| line 99" in said
    assert "| line 80" in said
    assert "| line 79" not in said
    assert f"All of it: {log}" in said
    assert "ended as Failed" in said


def test_a_changed_pipeline_is_followed_into_its_new_run(
    cloud: RunningCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    mutate = {"one": [action_of("UpdatePipeline.SelfMutate", "Abandoned")]}
    cancelled = run_of("one", "Cancelled", end=60)
    queued = run_of("pushed-meanwhile", "InProgress", start=30)
    again = run_of("two", "Succeeded", start=60, end=200)
    client = Client(
        [
            ([run_of("one", "InProgress")], mutate),
            ([queued, cancelled], mutate),
            ([queued, cancelled], mutate),
            ([again, queued, cancelled], {"two": [action_of("New.Hello", "Succeeded")]}),
        ]
    )
    assert _follow(cloud, client) == 0
    said = capsys.readouterr().out
    assert "The commit has changed the pipeline itself." in said
    assert "iris-pipeline, run two" in said
    assert "New / Hello: succeeded" in said
    assert "The run two ended as Succeeded after 140 s" in said


def test_a_run_without_a_successor_ends_as_it_is(
    cloud: RunningCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_RESTART_SECONDS", 0)
    assert _follow(cloud, Client([([run_of("one", "Cancelled")], {})])) == 1


def test_a_run_that_waits_names_the_one_before_it(
    cloud: RunningCloud, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_WAITS_AFTER_SECONDS", -1)
    before = run_of("before", "InProgress", start=-50)
    waiting: Look = ([run_of("one", "InProgress"), before], {})
    client = Client([waiting, waiting, ([run_of("one", "Superseded"), before], {})])
    assert _follow(cloud, client) == 1
    assert capsys.readouterr().out.count("It waits its turn: run before is on its way.") == 1


def test_a_run_that_waits_between_two_stages_names_the_one_before_it(
    cloud: RunningCloud, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_WAITS_AFTER_SECONDS", -1)
    before = run_of("before", "InProgress", start=-50)
    source = action_of("Source.Source", "Succeeded", "CodeStarSourceConnection")
    runs = [run_of("one", "InProgress"), before]
    client = Client(
        [
            (runs, {"one": [action_of("Source.Source", "InProgress", "CodeStarSourceConnection")]}),
            (runs, {"one": [source]}),
            (runs, {"one": [source]}),
            (runs, {"one": [source]}),
            ([run_of("one", "Superseded"), before], {"one": [source]}),
        ]
    )
    assert _follow(cloud, client) == 1
    assert capsys.readouterr().out.splitlines()[3:6] == [
        "-> Source / Source",
        "   Source / Source: succeeded after 12.3 s",
        "   It waits its turn: run before is on its way.",
    ]


@pytest.mark.parametrize(
    ("outcome", "status", "code", "tried"),
    [
        (Outcome(status="SUCCEEDED", error="", cause="", output={}), "Succeeded", 0, 1),
        (
            Outcome(status="FAILED", error="ReleaseRejected", cause="No", output={}),
            "Failed",
            0,
            0,
        ),
        (
            Outcome(status="FAILED", error="QualityGateFailed", cause="No", output={}),
            "Failed",
            1,
            0,
        ),
    ],
    ids=["live", "rejected", "not good enough"],
)
def test_the_release_is_shown_inside_of_its_action(
    cloud: RunningCloud,
    monkeypatch: pytest.MonkeyPatch,
    outcome: Outcome,
    status: str,
    code: int,
    tried: int,
) -> None:
    shown, asked = [], []

    class Shown:
        def __init__(self, _cloud: RunningCloud, *, execution_arn: str) -> None:
            shown.append(execution_arn)

    monkeypatch.setattr(progress, "Release", Shown)
    monkeypatch.setattr(progress, "show_release", lambda _, decision: outcome)  # noqa: ARG005
    monkeypatch.setattr(progress, "deployment_of", lambda *_: None)
    monkeypatch.setattr(progress, "try_live", lambda *_, by_hand: asked.append(by_hand))
    unknown = action_of("Production.StartRelease", "InProgress", "StepFunctions")
    started = action_of(
        "Production.StartRelease", "InProgress", "StepFunctions", externalExecutionId=EXECUTION
    )
    ended = action_of(
        "Production.StartRelease", status, "StepFunctions", externalExecutionId=EXECUTION
    )
    client = Client(
        [
            ([run_of("one", "InProgress")], {"one": [unknown]}),
            ([run_of("one", "InProgress")], {"one": [started]}),
            ([run_of("one", status)], {"one": [ended]}),
        ]
    )
    assert _follow(cloud, client) == code
    assert shown == [EXECUTION]
    assert len(asked) == tried


def test_the_pipeline_and_its_runs_are_listed(
    cloud: RunningCloud, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    SourceRepository(state_dir=cloud.state_dir).create()
    runs = [run_of("two", "InProgress", start=100, end=130), run_of("one", "Failed")]
    pipeline = PipelineRuns.of(Client([(runs, {})]))  # type: ignore[arg-type]
    monkeypatch.setattr(pipeline_verbs, "pipeline_of", lambda _: pipeline)
    assert pipeline_verbs.show(cloud) == 0
    said = capsys.readouterr().out
    assert f"iris-pipeline watches main of {cloud.state_dir / 'source.git'}" in said
    lines = [" ".join(line.split()) for line in said.splitlines()]
    assert "Source Succeeded (run one)" in lines
    assert "Build -" in lines
    assert "Synth -" in lines
    [newest, oldest] = lines[lines.index("Last runs") + 1 :]
    assert newest.endswith("two InProgress 01234567 (WebhookV2)")
    assert oldest.endswith("one Failed 90 s 01234567 (WebhookV2)")


def test_a_cloud_without_a_pipeline_says_what_to_do() -> None:
    class Empty:
        def list_pipelines(self) -> Answer:
            return {"pipelines": []}

    with pytest.raises(LocalError, match=r"(?s)There is no pipeline to push to.*make up"):
        PipelineRuns.of(Empty())  # type: ignore[arg-type]
