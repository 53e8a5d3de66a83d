"""Deploys faulty pipelines on one local cloud, runs them, and sees where and how they fail.

`python -m tests.e2e.mutation` prints a table of all of them; `… NAME` of one.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from local.deployment import deploy
from local.engine import Engine, choose_engine
from local.pipeline_runs import PipelineRuns
from local.release import wait_for
from local.repository import SourceRepository
from local.running_cloud import RunningCloud
from tests.e2e.commits import Project
from tests.e2e.mutants import MUTANTS, Mutant
from tests.e2e.pipeline_template import PipelineTemplate
from tests.e2e.system import System
from tests.e2e.tree import ROOT, SETTINGS

_PATIENCE_SECONDS = 180
_TEMPLATES = "templates"


@dataclass(frozen=True, kw_only=True)
class Caught:
    """Where a fault showed: an action by `<stage>/<action>`, or "" for the deployment; and how."""

    where: str
    message: str
    seconds: float


class Laboratory:
    """A cloud with the stage deployed, and a commit in its repository, for pipelines with faults.

    Attributes:
        system: the cloud.
    """

    def __init__(self, system: System) -> None:
        self.system = system
        self._template = PipelineTemplate.read(system.cloud.state_dir / "cdk.out")
        self._stacks = system.client("cloudformation")

    @classmethod
    @contextmanager
    def opened(cls, folder: Path, *, engine: Engine | None) -> Iterator[Laboratory]:
        """Set it up in a folder; the cloud is stopped afterwards."""
        cloud = RunningCloud.start(
            folder / "cloud",
            engine=engine.program if engine else None,
            base_image=engine.base_image if engine else None,
        )
        try:
            deployment = deploy(cloud, settings=SETTINGS)
            system = System(cloud=cloud, deployment=deployment, engine=engine)
            system.client("s3").create_bucket(Bucket=_TEMPLATES)
            repository = SourceRepository(state_dir=cloud.state_dir)
            repository.create()
            assembly = cloud.state_dir / "cdk.out"
            project = Project.synthesized(folder / "project", assembly=assembly)
            project.push(repository, seconds=90, FOLLOW="0")
            yield cls(system)
        finally:
            cloud.stop()

    def try_out(self, mutant: Mutant) -> Caught:
        """Deploy one pipeline; it runs as soon as it is there. It is deleted afterwards.

        Raises:
            AssertionError: nothing failed.
        """
        started = time.monotonic()
        name = f"mutant-{mutant.name}"
        try:
            refused = self._deploy(name, mutant)
            where, message = ("", refused) if refused else self._run(name)
        finally:
            self._stacks.delete_stack(StackName=name)
        return Caught(where=where, message=message, seconds=time.monotonic() - started)

    def _deploy(self, name: str, mutant: Mutant) -> str:
        """Why the stack could not be created; empty if it could."""
        template = self._template.named(name)
        mutant.change(template)
        template.without_stages(*mutant.skips)
        # It is too large to be handed over in the request.
        s3 = self.system.client("s3")
        s3.put_object(Bucket=_TEMPLATES, Key=name, Body=template.text())
        url = f"{self.system.cloud.environment()['AWS_ENDPOINT_URL']}/{_TEMPLATES}/{name}"
        self._stacks.create_stack(
            StackName=name, TemplateURL=url, Capabilities=["CAPABILITY_NAMED_IAM"]
        )

        def status() -> str | None:
            now = self._stacks.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
            return None if now.endswith("IN_PROGRESS") else str(now)

        ended = wait_for(status, seconds=_PATIENCE_SECONDS, what=f"the stack {name}")
        if ended == "CREATE_COMPLETE":
            return ""
        events = self._stacks.describe_stack_events(StackName=name)["StackEvents"]
        return next(
            str(event["ResourceStatusReason"])
            for event in reversed(events)
            if event["ResourceStatus"] == "CREATE_FAILED"
        )

    def _run(self, name: str) -> tuple[str, str]:
        pipeline = PipelineRuns(self.system.client("codepipeline"), name)

        def ended() -> Any:  # noqa: ANN401 - a run, or nothing yet
            runs = pipeline.runs()
            return runs[0] if runs and runs[0].has_ended else None

        run = wait_for(ended, seconds=_PATIENCE_SECONDS, what=f"the run of {name}")
        failed = [
            action for action in pipeline.actions(run.execution_id) if action.status == "Failed"
        ]
        assert failed, f"{name} ended as {run.status}, and no action failed"
        return f"{failed[0].stage}/{failed[0].name}", failed[0].message


def main(names: Sequence[str]) -> int:
    """Print what became of each, as a table in Markdown; 1 if one was not caught as it must."""
    mutants = [mutant for mutant in MUTANTS if not names or mutant.name in names]
    engine = choose_engine("auto", cache=ROOT / ".local" / "cache")
    wrong = 0
    with (
        TemporaryDirectory(prefix="mutants-") as folder,
        Laboratory.opened(Path(folder), engine=engine) as laboratory,
    ):
        print("\n| fault | caught by | message |\n|---|---|---|")
        for mutant in mutants:
            caught = laboratory.try_out(mutant)
            named = all(part in caught.message for part in mutant.says)
            wrong += not named or caught.where != mutant.where
            what = caught.where or "the deployment of the pipeline"
            message = " ".join(caught.message.split()).replace("|", "\\|")
            mark = "" if named and caught.where == mutant.where else " **(not as expected)**"
            print(f"| {mutant.fault} | {what}{mark} | {message[:400]} |", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
