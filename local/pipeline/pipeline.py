"""One pipeline: its definition, its executions, and what starts, stops and retries them."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence

from local.codebuild.builds import Builds
from local.pipeline import filters, variables
from local.pipeline.actions import codecommit
from local.pipeline.definition import Definition
from local.pipeline.executions import (
    CANCELLED,
    FAILED,
    IN_PROGRESS,
    STOPPED,
    STOPPING,
    Execution,
    Trigger,
)
from local.pipeline.runner import Runner
from local.pipeline.surroundings import Surroundings
from local.sagemaker.errors import ApiError

CREATED, STARTED, PUSHED = "CreatePipeline", "StartPipelineExecution", "WebhookV2"
BY_RULE = "CloudWatchEvent"


class Pipeline:
    """A pipeline that was deployed. Every method may be called from any thread.

    Attributes:
        arn: its ARN.
        version: counts its updates, from 1.
        executions: all of them, oldest first.
        runner: knows the actions' log files.
    """

    def __init__(
        self, definition: Definition, surroundings: Surroundings, builds: Builds, *, arn: str
    ) -> None:
        self.arn = arn
        self._surroundings = surroundings
        self.definition = definition
        self.version = 1
        self.created = self.updated = time.time()
        self.executions: list[Execution] = []
        self.changed = threading.Condition()
        self.runner = Runner(surroundings, builds, pipeline_arn=arn, changed=self.changed)

    def update(self, definition: Definition) -> bool:
        """Take another definition; False if it is the same.

        What runs or waits of the old one is cancelled, as on AWS; its actions are left to end.
        """
        with self.changed:
            if definition.declaration == self.definition.declaration:
                self.definition = definition
                return False
            self.definition = definition
            self.version += 1
            self.updated = time.time()
        self.cancel("The pipeline was updated")
        return True

    def cancel(self, reason: str, *, builds: bool = False, tell: bool = True) -> None:
        """Cancel every execution that has not ended.

        Args:
            builds: stop builds and leave state machines alone, too.
            tell: whether EventBridge hears of it.
        """
        with self.changed:
            cancelled = [execution for execution in self.executions if execution.goes_on]
            for execution in cancelled:
                execution.abandoned = builds
                execution.end(CANCELLED, reason)
            self.changed.notify_all()
        for execution in cancelled if tell else ():
            self.runner.events.of_execution(execution)

    def start(self, trigger: Trigger, *, given: Mapping[str, str] | None = None) -> Execution:
        """Start an execution.

        Args:
            given: values of the pipeline's own variables.

        Raises:
            ApiError: a variable is unknown or has no value.
        """
        declared = {**self.definition.variables, **(given or {})}
        unknown = sorted(set(declared) - set(self.definition.variables))
        missing = sorted(name for name, value in declared.items() if value is None)
        if unknown or missing:
            raise ApiError(
                code="ValidationException",
                message=f"Variables: {', '.join(unknown)} not declared, {', '.join(missing)} "
                "without a value",
            )
        execution = Execution(
            definition=self.definition, version=self.version, trigger=trigger, variables={}
        )
        values = {name: value for name, value in declared.items() if value is not None}
        execution.variables = {
            variables.PIPELINE: {"PipelineExecutionId": execution.id},
            variables.DECLARED: values,
        }
        with self.changed:
            self.executions.append(execution)
        self.runner.start(execution)
        return execution

    def find(self, execution_id: str) -> Execution:
        """An execution by its id. Raises ApiError."""
        for execution in self.executions:
            if execution.id == execution_id:
                return execution
        raise ApiError(
            code="PipelineExecutionNotFoundException",
            message=f"The pipeline {self.definition.name} has no execution {execution_id}",
        )

    def stop(self, execution_id: str, *, abandon: bool, reason: str) -> None:
        """Stop an execution after the actions that run, or at once. Raises ApiError."""
        execution = self.find(execution_id)
        with self.changed:
            if not execution.goes_on:
                raise ApiError(
                    code="PipelineExecutionNotStoppableException",
                    message=f"The execution {execution_id} has ended as {execution.status}",
                )
            if execution.status == STOPPING and not (abandon and not execution.abandoned):
                raise ApiError(
                    code="DuplicatedStopRequestException",
                    message=f"The execution {execution_id} is stopping already",
                )
            execution.status, execution.stop_reason = STOPPING, reason
            execution.abandoned = abandon
            self.changed.notify_all()
        self.runner.events.of_execution(execution)

    def retry(self, execution_id: str, *, stage: str, all_actions: bool) -> None:
        """Run a failed or stopped stage of an execution again, and go on. Raises ApiError."""
        execution = self.find(execution_id)
        with self.changed:
            if self.definition.stage(stage) is None:
                raise ApiError(
                    code="StageNotFoundException",
                    message=f"The pipeline {self.definition.name} has no stage {stage}",
                )
            run = execution.stages.get(stage)
            retryable = run is not None and run.status in (FAILED, STOPPED)
            if run is None or not retryable or execution.goes_on:
                raise ApiError(
                    code="StageNotRetryableException",
                    message=f"Stage {stage} of {execution_id} has not failed: "
                    f"{run.status if run else 'it did not begin'}",
                )
            if execution.version != self.version:
                raise ApiError(
                    code="StageNotRetryableException",
                    message=f"Stage {stage} of {execution_id} is of version {execution.version} "
                    f"of the pipeline, which is now {self.version}",
                )
            if execution is not self._newest_in(stage):
                raise ApiError(
                    code="NotLatestPipelineExecutionException",
                    message=f"Another execution has entered stage {stage} after {execution_id}",
                )
            if all_actions:
                run.done.clear()
            execution.status, execution.summary = IN_PROGRESS, ""
            execution.abandoned = False
            execution.attempt += 1
        self.runner.start(execution, resumed=True)

    def _newest_in(self, stage: str) -> Execution | None:
        entered = [execution for execution in self.executions if stage in execution.stages]
        return max(entered, key=lambda one: one.stages[stage].started, default=None)

    def pushed(
        self, *, branch: str, before: str, commit: str, files: Sequence[str]
    ) -> tuple[Execution | None, str]:
        """What the triggers make of a push: the execution that starts, and why or why not."""
        reasons = []
        for action in self.definition.source_actions:
            if action.kind == codecommit.KIND.provider:
                number = len(self.executions)
                changed = codecommit.state_change(branch=branch, before=before, after=commit)
                self._surroundings.send_event(
                    source="aws.codecommit",
                    detail_type="CodeCommit Repository State Change",
                    resource=codecommit.repository_arn(action, pipeline_arn=self.arn),
                    detail={**changed, "repositoryName": action.configuration["RepositoryName"]},
                )
                if len(self.executions) > number:
                    return self.executions[number], f"commit {commit[:8]} was pushed to {branch}"
                reasons.append(f"no rule of EventBridge starts it when {branch} changes")
                continue
            kept_out = filters.kept_out_of(self.definition, action, branch=branch, files=files)
            if kept_out is None:
                trigger = Trigger(
                    kind=PUSHED,
                    detail=action.configuration["ConnectionArn"],
                    commits={action.name: commit},
                    branches={action.name: branch},
                )
                return self.start(trigger), f"commit {commit[:8]} was pushed to {branch}"
            reasons.append(kept_out)
        return None, "; ".join(reasons)
