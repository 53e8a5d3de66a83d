"""`make push` and `make pipeline`: what a person does with the pipeline on the local cloud."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from local.decision import decision_wanted
from local.image import head_commit
from local.pipeline_runs import PipelineRuns, Run
from local.progress import Progress, pipeline_of
from local.push import FOLLOW
from local.repository import SourceRepository
from local.running_cloud import RunningCloud
from local.terminal import LocalError, say

_ROOT = Path(__file__).resolve().parent.parent
_SHOWN_RUNS = 5


def push(cloud: RunningCloud, *, again: bool) -> int:
    """Push HEAD to the branch that the pipeline watches, and follow what starts.

    Args:
        again: run the newest commit that is there once more, without a push.

    Returns:
        0 when the run succeeded, people did not want the release, or nothing had to start; else 1.
    """
    decision = decision_wanted()
    pipeline = pipeline_of(cloud)
    repository = SourceRepository(state_dir=cloud.state_dir)
    progress = Progress(cloud, pipeline, decision=decision, subject=repository.subject_of)
    branch = pipeline.branch()
    if again:
        if repository.commit_of(branch) is None:
            raise LocalError(
                what="There is no commit to run again",
                why=f"nothing has been pushed to {branch} since `make up`",
                next_step="leave AGAIN=1 out",
            )
        return progress.follow(pipeline.start())
    commit = head_commit()
    if repository.commit_of(branch) == commit:
        say(f"{branch} is at {commit[:8]} already. A push without a new commit starts nothing.")
        say("`AGAIN=1 make push` runs the same commit again.")
        return 0
    before = {run.execution_id for run in pipeline.runs()}
    _git_push(repository, branch)
    started = [run for run in pipeline.runs() if run.execution_id not in before]
    return progress.follow(started[-1].execution_id) if started else 0


def show(cloud: RunningCloud) -> int:
    """Print stages, actions and the last runs."""
    pipeline = pipeline_of(cloud)
    repository = SourceRepository(state_dir=cloud.state_dir)
    say(f"{pipeline.name} watches {pipeline.branch()} of {repository.path}\n")
    for line in _stages(pipeline):
        say(line)
    runs = pipeline.runs(last=_SHOWN_RUNS)
    say("\nLast runs" if runs else "\nNothing has been pushed: `make push` runs it on HEAD.")
    for run in runs:
        say(_line(run, subject=repository.subject_of(run.commit) if run.commit else ""))
    return 0


def _stages(pipeline: PipelineRuns) -> list[str]:
    lines = []
    for stage in pipeline.client.get_pipeline_state(name=pipeline.name)["stageStates"]:
        latest = stage.get("latestExecution")
        state = f"{latest['status']} (run {latest['pipelineExecutionId']})" if latest else "-"
        lines.append(f"{stage['stageName']:<32}{state}")
        for action in stage["actionStates"]:
            execution = action.get("latestExecution")
            status = execution.get("status", "-") if execution else "-"
            lines.append(f"  {action['actionName']:<30}{status}")
    return lines


def _line(run: Run, *, subject: str) -> str:
    took = f"{(run.updated - run.started).total_seconds():>5.0f} s"
    words = [
        f"  {run.started.astimezone():%H:%M:%S}",
        run.execution_id,
        f"{run.status:<10}",
        took if run.has_ended else " " * len(took),
        run.commit[:8],
        subject,
        f"({run.trigger})" if run.trigger else "",
    ]
    return " ".join(word for word in words if word)


def _git_push(repository: SourceRepository, branch: str) -> None:
    # A commit that was amended replaces the one that it was: this repository is for trying out.
    command = ["git", "-C", str(_ROOT), "push", "--force", str(repository.path)]
    pushed = subprocess.run(
        [*command, f"HEAD:refs/heads/{branch}"],
        env={**os.environ, FOLLOW: "0"},
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if pushed.returncode:
        raise LocalError(
            what="git push failed",
            why="git says so above",
            next_step="mend it and run `make push` again; `make down`, then `make up` makes a new "
            "repository",
        )
