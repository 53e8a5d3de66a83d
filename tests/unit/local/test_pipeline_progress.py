"""What a person sees of a run, from answers in the shapes of the CodePipeline API."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from local import pipeline_verbs, progress
from local.pipeline_runs import PipelineRuns
from local.progress import Progress
from local.release import Outcome
from local.repository import SourceRepository
from local.running_cloud import RunningCloud
from local.terminal import LocalError

_NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
_MODEL = botocore.session.get_session().get_service_model("codepipeline")
_COMMIT = "0123456789abcdef0123456789abcdef01234567"
_EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:iris-release:one"

Answer = dict[str, Any]
Look = tuple[list[Answer], dict[str, list[Answer]]]  # the runs, and the actions of each


def _run(name: str, status: str, *, start: int = 0, end: int = 90, commit: str = _COMMIT) -> Answer:
    return {
        "pipelineExecutionId": name,
        "status": status,
        "startTime": _NOON + timedelta(seconds=start),
        "lastUpdateTime": _NOON + timedelta(seconds=end),
        "sourceRevisions": [{"actionName": "Source", "revisionId": commit}] if commit else [],
        "trigger": {"triggerType": "WebhookV2", "triggerDetail": "push"},
    }


def _action(
    name: str,
    status: str,
    provider: str = "CodeBuild",
    **result: Any,  # noqa: ANN401
) -> Answer:
    stage, _, action = name.partition(".")
    return {
        "actionExecutionId": f"{name}-1",
        "stageName": stage,
        "actionName": action,
        "startTime": _NOON,
        "lastUpdateTime": _NOON + timedelta(seconds=12.34),
        "status": status,
        "input": {"actionTypeId": _type(provider)},
        "output": {"executionResult": result},
    }


def _type(provider: str) -> Answer:
    return {"category": "Build", "owner": "AWS", "provider": provider, "version": "1"}


class Client:
    """CodePipeline whose answers change from look to look; the last one stays."""

    def __init__(self, looks: Sequence[Look]) -> None:
        last = looks[-1]
        self._looks = itertools.chain(looks, itertools.repeat(last))
        self._now = looks[0]

    def list_pipelines(self) -> Answer:
        """One."""
        return self._valid("ListPipelines", {"pipelines": [{"name": "iris-pipeline"}]})

    def get_pipeline(self, *, name: str) -> Answer:
        """Its definition."""
        source = {
            "name": "Source",
            "actionTypeId": _type("CodeStarSourceConnection"),
            "configuration": {"BranchName": "main"},
        }
        stages = [{"name": "Source", "actions": [source]}]
        pipeline = {"name": name, "roleArn": "arn:aws:iam::123456789012:role/p", "stages": stages}
        return self._valid("GetPipeline", {"pipeline": pipeline})

    def get_pipeline_state(self, *, name: str) -> Answer:
        """Its state."""
        done = {"status": "Succeeded"}
        stages = [
            {
                "stageName": "Source",
                "actionStates": [{"actionName": "Source", "latestExecution": done}],
                "latestExecution": {"pipelineExecutionId": "one", **done},
            },
            {"stageName": "Build", "actionStates": [{"actionName": "Synth"}]},
        ]
        return self._valid("GetPipelineState", {"pipelineName": name, "stageStates": stages})

    def get_paginator(self, operation: str) -> Pages:
        """Pages of one item each."""
        return Pages(self, operation)

    def page(self, operation: str, parameters: Answer) -> Iterator[Answer]:
        """The pages of a list."""
        if operation == "list_pipeline_executions":
            self._now = next(self._looks)
            for run in self._now[0]:
                yield self._valid("ListPipelineExecutions", {"pipelineExecutionSummaries": [run]})
            return
        [wanted] = parameters["filter"].values()
        for action in reversed(self._now[1].get(wanted, [])):
            given = {"pipelineExecutionId": wanted, **action}
            yield self._valid("ListActionExecutions", {"actionExecutionDetails": [given]})

    def _valid(self, operation: str, answer: Answer) -> Answer:
        shape = _MODEL.operation_model(operation).output_shape
        assert shape
        report = ParamValidator().validate(answer, shape)
        assert not report.has_errors(), report.generate_report()
        return answer


class Pages:
    """A paginator."""

    def __init__(self, client: Client, operation: str) -> None:
        self._client, self._operation = client, operation

    def paginate(self, **parameters: Any) -> Iterator[Answer]:  # noqa: ANN401
        """Every page."""
        return self._client.page(self._operation, parameters)


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunningCloud:
    """A folder is all that is needed of it."""
    monkeypatch.setattr(progress, "_POLL_SECONDS", 0)
    return RunningCloud(state_dir=tmp_path, pid=1, port=4, site_port=5, engine=None)


def _follow(cloud: RunningCloud, client: Client, run: str = "one") -> int:
    pipeline = PipelineRuns.of(client)  # type: ignore[arg-type]
    subject = {_COMMIT: "Deeper trees"}.get
    return Progress(
        cloud, pipeline, decision="", subject=lambda commit: subject(commit, "")
    ).follow(run)


def test_actions_are_told_once_as_they_begin_and_end(
    cloud: RunningCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    source = _action("Source.Source", "Succeeded", "CodeStarSourceConnection")
    running, done = _action("Build.Synth", "InProgress"), _action("Build.Synth", "Succeeded")
    client = Client(
        [
            ([_run("one", "InProgress", commit="")], {}),
            ([_run("one", "InProgress")], {"one": [source, running]}),
            ([_run("one", "InProgress")], {"one": [source, running]}),
            ([_run("one", "Succeeded")], {"one": [source, done]}),
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
    failed = _action("Build.Synth", "Failed", errorDetails={"code": "JobFailed", "message": why})
    assert _follow(cloud, Client([([_run("one", "Failed")], {"one": [failed]})])) == 1
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
    mutate = {"one": [_action("UpdatePipeline.SelfMutate", "Abandoned")]}
    cancelled = _run("one", "Cancelled", end=60)
    queued = _run("pushed-meanwhile", "InProgress", start=30)
    again = _run("two", "Succeeded", start=60, end=200)
    client = Client(
        [
            ([_run("one", "InProgress")], mutate),
            ([queued, cancelled], mutate),
            ([queued, cancelled], mutate),
            ([again, queued, cancelled], {"two": [_action("New.Hello", "Succeeded")]}),
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
    assert _follow(cloud, Client([([_run("one", "Cancelled")], {})])) == 1


def test_a_run_that_waits_names_the_one_before_it(
    cloud: RunningCloud, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_WAITS_AFTER_SECONDS", -1)
    before = _run("before", "InProgress", start=-50)
    waiting: Look = ([_run("one", "InProgress"), before], {})
    client = Client([waiting, waiting, ([_run("one", "Superseded"), before], {})])
    assert _follow(cloud, client) == 1
    assert capsys.readouterr().out.count("It waits its turn: run before is on its way.") == 1


def test_a_run_that_waits_between_two_stages_names_the_one_before_it(
    cloud: RunningCloud, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_WAITS_AFTER_SECONDS", -1)
    before = _run("before", "InProgress", start=-50)
    source = _action("Source.Source", "Succeeded", "CodeStarSourceConnection")
    runs = [_run("one", "InProgress"), before]
    client = Client(
        [
            (runs, {"one": [_action("Source.Source", "InProgress", "CodeStarSourceConnection")]}),
            (runs, {"one": [source]}),
            (runs, {"one": [source]}),
            (runs, {"one": [source]}),
            ([_run("one", "Superseded"), before], {"one": [source]}),
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
    unknown = _action("Production.StartRelease", "InProgress", "StepFunctions")
    started = _action(
        "Production.StartRelease", "InProgress", "StepFunctions", externalExecutionId=_EXECUTION
    )
    ended = _action(
        "Production.StartRelease", status, "StepFunctions", externalExecutionId=_EXECUTION
    )
    client = Client(
        [
            ([_run("one", "InProgress")], {"one": [unknown]}),
            ([_run("one", "InProgress")], {"one": [started]}),
            ([_run("one", status)], {"one": [ended]}),
        ]
    )
    assert _follow(cloud, client) == code
    assert shown == [_EXECUTION]
    assert len(asked) == tried


def test_the_pipeline_and_its_runs_are_listed(
    cloud: RunningCloud, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    SourceRepository(state_dir=cloud.state_dir).create()
    runs = [_run("two", "InProgress", start=100, end=130), _run("one", "Failed")]
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
