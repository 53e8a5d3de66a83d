"""Builds of the local cloud's projects: start, wait, stop."""

from __future__ import annotations

import shutil
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from local.cloud.identities import Identities
from local.codebuild.errors import BuildRefusedError
from local.codebuild.machine import Machine
from local.codebuild.projects import Projects
from local.codebuild.record import SUCCEEDED, Build
from local.codebuild.request import BuildRequest, BuildResult, ObjectLocation, Variable
from local.codebuild.run import BuildRun

__all__ = [
    "BuildRefusedError",
    "BuildRequest",
    "BuildResult",
    "Builds",
    "ObjectLocation",
    "Variable",
]
_STOP_SECONDS = 15.0


class Builds:
    """The builds of this cloud.

    Attributes:
        projects: what can be built.
    """

    def __init__(
        self, *, projects: Projects, machine: Machine, identities: Identities, logs: Path
    ) -> None:
        self.projects = projects
        self._machine = machine
        self._identities = identities
        self._logs = logs
        self._by_id: dict[str, Build] = {}
        self._lock = threading.Lock()
        shutil.rmtree(machine.builds, ignore_errors=True)  # What a killed cloud has left.

    def start(self, request: BuildRequest) -> str:
        """Start a build and return its id, "<project>:<uuid>".

        Raises:
            BuildRefusedError: the project is unknown, the role may not, or a variable is of a type
                that is not PLAINTEXT.
        """
        account = request.caller_role.split(":")[4] if request.caller_role else None
        project = self.projects.get(
            request.project, account_id=account or self._identities.account_id
        )
        if request.caller_role:
            refusal = self._identities.refusal(
                request.caller_role, "codebuild:StartBuild", project.arn
            )
            if refusal:
                raise BuildRefusedError("AccessDeniedException", refusal)
        for variable in request.variables:
            if variable.kind != "PLAINTEXT":
                raise BuildRefusedError(
                    "InvalidInputException",
                    f"The variable {variable.name} is of type {variable.kind}; the local CodeBuild "
                    "has PLAINTEXT only.",
                )
        unique = str(uuid.uuid4())
        log = request.log or self._logs / project.name / f"{unique}.log"
        with self._lock:
            number = 1 + sum(each.project.arn == project.arn for each in self._by_id.values())
            build = Build(
                id=f"{project.name}:{unique}",
                number=number,
                project=project,
                request=request,
                log=log,
            )
            self._by_id[build.id] = build
        run = BuildRun(build, machine=self._machine, identities=self._identities)
        threading.Thread(target=run.execute, name=build.id, daemon=True).start()
        return build.id

    def wait(self, build_id: str, *, cancelled: Callable[[], bool] = lambda: False) -> BuildResult:
        """Wait for a build's end; it is stopped as soon as `cancelled` says so."""
        build = self.get(build_id)
        while not build.over.wait(0.2):
            if cancelled():
                build.stop_asked.set()
        return BuildResult(
            build_id=build_id,
            succeeded=build.status == SUCCEEDED,
            stopped=build.status == "STOPPED",
            failure=build.failure,
            exported=dict(build.exported),
        )

    def stop(self, build_id: str) -> None:
        """Stop a build; one that has ended stays as it is.

        Raises:
            BuildRefusedError: there is no such build.
        """
        self.get(build_id).stop_asked.set()

    def find(self, build_id: str) -> Build | None:
        """A build by its id or ARN."""
        return self._by_id.get(build_id.rpartition(":build/")[2])

    def get(self, build_id: str) -> Build:
        """The same.

        Raises:
            BuildRefusedError: there is none.
        """
        build = self.find(build_id)
        if build is None:
            raise BuildRefusedError("ResourceNotFoundException", f"Build not found: {build_id}.")
        return build

    def of_project(self, project_arn: str) -> list[Build]:
        """The builds of a project, newest first."""
        return [each for each in reversed(self._by_id.values()) if each.project.arn == project_arn]

    def shutdown(self) -> None:
        """Stop every build, wait for their ends, and clear away what they have left."""
        running = [build for build in list(self._by_id.values()) if not build.over.is_set()]
        for build in running:
            build.stop_asked.set()
        deadline = time.monotonic() + _STOP_SECONDS
        for build in running:
            build.over.wait(max(0.0, deadline - time.monotonic()))
        shutil.rmtree(self._machine.builds, ignore_errors=True)
        if any(build.project.privileged for build in self._by_id.values()):
            self._machine.forget_images()
