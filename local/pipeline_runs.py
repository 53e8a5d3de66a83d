"""The deployed pipeline and its runs, as the CodePipeline API tells of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from local.terminal import LocalError

if TYPE_CHECKING:
    from mypy_boto3_codepipeline import CodePipelineClient
    from mypy_boto3_codepipeline.type_defs import ActionExecutionDetailTypeDef

_ENDED = frozenset({"Succeeded", "Failed", "Stopped", "Superseded", "Cancelled"})


@dataclass(frozen=True, kw_only=True)
class Action:
    """One try of an action in a run.

    Attributes:
        execution_id: of this try.
        provider: CodePipeline's name of what does it, such as CodeBuild.
        status: InProgress, Abandoned, Succeeded or Failed.
        seconds: how long it took, or has taken up to its last change.
        external_id: what the provider calls it: a build's id, an execution's ARN; "" until known.
        message: why it failed; "" if it did not.
    """

    execution_id: str
    stage: str
    name: str
    provider: str
    status: str
    seconds: float
    external_id: str
    message: str

    @property
    def title(self) -> str:
        """As people read it."""
        return f"{self.stage} / {self.name}"


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run of the pipeline.

    Attributes:
        status: InProgress, Stopping, Succeeded, Failed, Stopped, Superseded or Cancelled.
        commit: the full hash; "" until its source is read.
        trigger: what started it, as CodePipeline says it.
    """

    execution_id: str
    status: str
    summary: str
    commit: str
    trigger: str
    started: datetime
    updated: datetime

    @property
    def has_ended(self) -> bool:
        """Whether nothing comes any more."""
        return self.status in _ENDED


class PipelineRuns:
    """One pipeline's API.

    Attributes:
        name: the pipeline's.
        client: boto3's.
    """

    def __init__(self, client: CodePipelineClient, name: str) -> None:
        self.client = client
        self.name = name

    @classmethod
    def of(cls, client: CodePipelineClient) -> PipelineRuns:
        """The one pipeline that is deployed.

        Raises:
            LocalError: there is none, or it is not clear which.
        """
        names = [pipeline["name"] for pipeline in client.list_pipelines()["pipelines"]]
        if len(names) != 1:
            raise LocalError(
                what="There is no pipeline to push to" if not names else "There are many pipelines",
                why=", ".join(names) or "the stack of the pipeline is not deployed here",
                next_step="run `make up`, which deploys it; after a change of model.name, "
                "`make down` first",
            )
        return cls(client, names[0])

    def branch(self) -> str:
        """The branch that its source watches.

        Raises:
            LocalError: its source is not a branch of a git repository.
        """
        pipeline = self.client.get_pipeline(name=self.name)["pipeline"]
        for action in pipeline["stages"][0]["actions"]:
            branch = action.get("configuration", {}).get("BranchName")
            if branch:
                return branch
        raise LocalError(
            what=f"{self.name} watches no branch",
            why="no action of its first stage names one",
            next_step="look at [source] in settings.toml, then run `make up`",
        )

    def start(self) -> str:
        """Run it on the newest commit, whether that is new or not; the run's id."""
        answer = self.client.start_pipeline_execution(name=self.name)
        return answer["pipelineExecutionId"]

    def runs(self, *, last: int | None = None) -> list[Run]:
        """Its runs, newest first."""
        pages = self.client.get_paginator("list_pipeline_executions").paginate(
            pipelineName=self.name, PaginationConfig={"MaxItems": last} if last else {}
        )
        return [_run(item) for page in pages for item in page["pipelineExecutionSummaries"]]

    def run(self, execution_id: str) -> Run:
        """One run.

        Raises:
            LookupError: there is none by that id.
        """
        for run in self.runs():
            if run.execution_id == execution_id:
                return run
        raise LookupError(f"{self.name} has no run {execution_id}")

    def actions(self, execution_id: str) -> list[Action]:
        """What a run has done by now, oldest first."""
        pages = self.client.get_paginator("list_action_executions").paginate(
            pipelineName=self.name, filter={"pipelineExecutionId": execution_id}
        )
        newest_first = [item for page in pages for item in page["actionExecutionDetails"]]
        return [_action(item) for item in reversed(newest_first)]

    def successor(self, cancelled: Run) -> Run | None:
        """The run that goes on in place of one that a change of the pipeline has cancelled."""
        later = [
            run
            for run in self.runs()
            if run.execution_id != cancelled.execution_id and run.started >= cancelled.started
        ]
        # Others may have been pushed in between; they have waited since before the change.
        after = [run for run in later if run.started.timestamp() >= _second(cancelled.updated)]
        return after[-1] if after else None


def _second(moment: datetime) -> int:
    # AWS keeps full seconds in some of its times.
    return int(moment.timestamp())


def _run(item: Any) -> Run:  # noqa: ANN401 - boto3's summary, whose members may all be absent
    revisions = item.get("sourceRevisions") or [{}]
    return Run(
        execution_id=item["pipelineExecutionId"],
        status=item["status"],
        summary=item.get("statusSummary", ""),
        commit=revisions[0].get("revisionId", ""),
        trigger=item.get("trigger", {}).get("triggerType", ""),
        started=item["startTime"],
        updated=item["lastUpdateTime"],
    )


def _action(item: ActionExecutionDetailTypeDef) -> Action:
    result = item.get("output", {}).get("executionResult", {})
    failed = item["status"] != "Succeeded"
    error = result.get("errorDetails", {}).get("message", "")
    return Action(
        execution_id=item["actionExecutionId"],
        stage=item["stageName"],
        name=item["actionName"],
        provider=item["input"]["actionTypeId"]["provider"],
        status=item["status"],
        seconds=(item["lastUpdateTime"] - item["startTime"]).total_seconds(),
        external_id=result.get("externalExecutionId", ""),
        message=(error or result.get("externalExecutionSummary", "")) if failed else "",
    )
