"""The pipelines of the local cloud: made by templates, started by pushes and by the API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.codebuild.builds import Builds
from local.pipeline import checks
from local.pipeline.definition import Definition, declaration_of, definition_of
from local.pipeline.executions import Trigger
from local.pipeline.pipeline import CREATED, STARTED, Pipeline
from local.pipeline.repository import NOTHING, RepositoryError
from local.pipeline.surroundings import Surroundings
from local.sagemaker.errors import ApiError

_SERVICE = "codepipeline.amazonaws.com"


@dataclass(frozen=True, kw_only=True)
class PushOutcome:
    """What a push did to one pipeline.

    Attributes:
        pipeline: its name.
        execution_id: the execution that it started; None if it started nothing.
        reason: why it started one, or why nothing started, as a part of a sentence.
    """

    pipeline: str
    execution_id: str | None
    reason: str


class Pipelines:
    """The pipelines of this cloud, of all its accounts."""

    def __init__(self, surroundings: Surroundings, builds: Builds) -> None:
        self._surroundings = surroundings
        self._builds = builds
        self._pipelines: dict[tuple[str, str], Pipeline] = {}

    def create(self, properties: Mapping[str, Any], *, name: str, account: str) -> Pipeline:
        """Make a pipeline of a template's properties, and run it if its branch is there.

        Raises:
            ValueError: the definition has faults; the text names every one.
        """
        if (account, name) in self._pipelines:
            raise ValueError(f"A pipeline with the name {name} exists already")
        arn = f"arn:aws:codepipeline:{self._surroundings.region}:{account}:{name}"
        definition = self._checked(properties, name=name, arn=arn)
        pipeline = Pipeline(definition, self._surroundings, self._builds, arn=arn)
        self._pipelines[account, name] = pipeline
        self._start_if_there(pipeline, CREATED)
        return pipeline

    def update(self, properties: Mapping[str, Any], *, name: str, account: str) -> Pipeline:
        """Give a pipeline another definition, as its template says.

        An execution of the old definition is cancelled, and with RestartExecutionOnUpdate another
        one starts from the source.

        Raises:
            ValueError: the definition has faults; the pipeline stays as it is.
        """
        pipeline = self._pipelines[account, name]
        changed = pipeline.update(self._checked(properties, name=name, arn=pipeline.arn))
        if changed and pipeline.definition.restart_on_update:
            self._start_if_there(pipeline, STARTED)
        return pipeline

    def delete(self, name: str, *, account: str) -> None:
        """Delete a pipeline and end what runs of it."""
        pipeline = self._pipelines.pop((account, name), None)
        if pipeline:
            pipeline.cancel("The pipeline was deleted", builds=True)

    def shutdown(self) -> None:
        """End everything that runs; nobody is told, or targets would start as the cloud ends."""
        for pipeline in list(self._pipelines.values()):
            pipeline.cancel("The cloud ends", builds=True, tell=False)

    def of_account(self, account: str) -> list[Pipeline]:
        """The pipelines of an account, by name."""
        return [pipeline for (of, _), pipeline in sorted(self._pipelines.items()) if of == account]

    def find(self, name: str, *, account: str | None = None) -> Pipeline:
        """A pipeline by its name, of an account or of any. Raises ApiError."""
        for (of, its_name), pipeline in list(self._pipelines.items()):
            if its_name == name and account in (None, of):
                return pipeline
        whose = f"Account '{account}'" if account else "The local cloud"
        raise ApiError(
            code="PipelineNotFoundException",
            message=f"{whose} does not have a pipeline with name '{name}'",
        )

    def pushed(self, *, branch: str, before: str, after: str) -> list[PushOutcome]:
        """Let the triggers look at a push to the repository; one outcome for each pipeline.

        Args:
            before: the branch's commit before the push, 40 zeros for a new branch.
            after: its commit now, 40 zeros for a branch that was deleted.
        """
        kept_out, files = "", []
        if after == NOTHING:
            kept_out = f"the branch {branch} was deleted"
        elif before == after:
            kept_out = f"the branch {branch} stays at commit {after[:8]}"
        else:
            try:
                files = self._surroundings.repository.changed_files(before=before, after=after)
            except RepositoryError as error:
                kept_out = f"the changed files cannot be read: {error}"
        outcomes = []
        for (_, name), pipeline in sorted(self._pipelines.items()):
            execution, reason = None, kept_out
            if not kept_out:
                execution, reason = pipeline.pushed(
                    branch=branch, before=before, commit=after, files=files
                )
            started = execution.id if execution else None
            outcomes.append(PushOutcome(pipeline=name, execution_id=started, reason=reason))
        return outcomes

    def start(self, name: str, *, commit: str | None = None) -> str:
        """Start an execution, as StartPipelineExecution does; its id.

        Args:
            commit: the one to release; None is the newest of the source action's branch.

        Raises:
            ApiError: the pipeline or the commit is unknown.
        """
        pipeline = self.find(name)
        source = pipeline.definition.source_actions[0].name
        commits = {source: self.commit_id(commit)} if commit else {}
        return pipeline.start(Trigger(kind=STARTED, commits=commits)).id

    def commit_id(self, commit: str) -> str:
        """The full id of a commit of the repository. Raises ApiError."""
        try:
            return self._surroundings.repository.commit(commit).id
        except RepositoryError as error:
            raise ApiError(
                code="ValidationException", message=f"There is no commit {commit}: {error}"
            ) from error

    def _checked(self, properties: Mapping[str, Any], *, name: str, arn: str) -> Definition:
        if transitions := properties.get("DisableInboundStageTransitions"):
            raise ValueError(
                f"Pipeline {name}: the local cloud disables no transitions: {transitions}"
            )
        declaration = declaration_of(properties, name=name)
        found = checks.shape_faults(declaration)
        if not found:
            restart = str(properties.get("RestartExecutionOnUpdate", False)).lower() == "true"
            definition = definition_of(declaration, restart_on_update=restart)
            found = checks.faults(definition, region=self._surroundings.region)
            role = definition.role_arn
            caller = {"aws:SourceArn": arn, "aws:SourceAccount": arn.split(":")[4]}
            if not self._surroundings.trusts(role, _SERVICE, context=caller):
                found.append(f"its role {role} is not there, or does not let {_SERVICE} take it")
            if not found:
                return definition
        raise ValueError(checks.message(name, found))

    def _start_if_there(self, pipeline: Pipeline, kind: str) -> None:
        """Start, unless its branch was never pushed: on AWS that execution fails."""
        repository = self._surroundings.repository
        branches = [
            action.configuration.get("BranchName", "")
            for action in pipeline.definition.source_actions
        ]
        if all(repository.tip(branch) for branch in branches):
            pipeline.start(Trigger(kind=kind, detail=pipeline.arn))
