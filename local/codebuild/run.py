"""One build from its source to its artifacts.

https://docs.aws.amazon.com/codebuild/latest/userguide/view-build-details-phases.html
"""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from local.cloud.identities import Identities
from local.codebuild.access import CloudWatchLog, RoleAccess
from local.codebuild.artifacts import pack, select
from local.codebuild.buildspec import PHASES, Buildspec, Phase, parse
from local.codebuild.errors import PhaseError
from local.codebuild.machine import Machine
from local.codebuild.projects import IMAGE
from local.codebuild.record import SUCCEEDED, Build, PhaseRecord
from local.codebuild.shell import Shell, end_everything_of

_SERVICE = "codebuild.amazonaws.com"


class BuildRun:
    """Runs one build in a folder of its own, which is gone afterwards."""

    def __init__(self, build: Build, *, machine: Machine, identities: Identities) -> None:
        self._build = build
        self._machine = machine
        self._identities = identities
        self._access = RoleAccess(role=build.project.service_role, identities=identities)
        self._folder = machine.builds / build.log_stream
        self._source = self._folder / "src"
        self._cloud_watch: CloudWatchLog | None = None
        self._succeeding = True
        self._log_start = 0

    def execute(self) -> None:
        """Run it to its end; whatever happens is in the record."""
        try:
            self._run()
        except PhaseError:
            pass  # It is in the record.
        except Exception as error:
            self._fail("FAULT", f"The local CodeBuild failed: {type(error).__name__}: {error}")
            raise
        finally:
            self._finish()
            # A build's tools can be ten thousands of files: nobody waits for their removal.
            shutil.rmtree(self._folder, ignore_errors=True)

    def _finish(self) -> None:
        build = self._build
        finalizing = build.enter("FINALIZING")
        end_everything_of(build.id)
        finalizing.status, finalizing.ended = SUCCEEDED, time.time()
        if build.status == "IN_PROGRESS":
            build.status = "FAILED" if build.failure else SUCCEEDED
        completed = build.enter("COMPLETED")
        build.ended = completed.ended = time.time()
        completed.status = build.status
        if self._cloud_watch:
            self._cloud_watch.close()
        build.over.set()

    def _run(self) -> None:
        self._build.log.parent.mkdir(parents=True, exist_ok=True)
        self._build.log.touch()
        self._log_start = self._build.log.stat().st_size  # An action that is tried again adds.
        deadline = time.monotonic() + self._build.project.timeout_seconds
        with self._phase("SUBMITTED"):
            pass
        with self._phase("QUEUED"):
            pass
        with self._phase("PROVISIONING"):
            self._provision()
        with self._phase("DOWNLOAD_SOURCE"):
            environment = self._machine.prepare(
                self._folder, privileged=self._build.project.privileged
            )
            sources = self._download()
            buildspec = self._read_buildspec()
        shell = Shell(
            program=buildspec.shell,
            environment={**environment, **self._variables(buildspec), **sources},
            scratch=self._folder / "shell",
            log=self._build.log,
            deadline=deadline,
            cancelled=self._build.stop_asked.is_set,
        )
        shell.enter(self._source)
        self._run_phases(buildspec, shell)
        if self._build.failure:
            return
        with self._phase("UPLOAD_ARTIFACTS"):
            self._upload(buildspec)

    def _provision(self) -> None:
        project = self._build.project
        caller = {"aws:SourceArn": project.arn, "aws:SourceAccount": project.account_id}
        if not self._identities.trusts(project.service_role, _SERVICE, context=caller):
            raise PhaseError(
                "ACCESS_DENIED",
                f"CodeBuild is not authorized to perform: sts:AssumeRole on service role "
                f"{project.service_role}. It must exist and trust {_SERVICE}.",
            )
        config = project.description.get("logsConfig", {}).get("cloudWatchLogs", {})
        if config.get("status") == "DISABLED":
            return
        self._cloud_watch = CloudWatchLog(
            self._access,
            group=self._build.log_group,
            stream=self._build.log_stream,
            file=self._build.log,
            start=self._log_start,
        )
        self._cloud_watch.open()

    def _download(self) -> dict[str, str]:
        """Fetch every input; the variables that name where they lie."""
        request = self._build.request
        scratch = self._folder / "download"
        primary = request.primary or next(iter(request.inputs), None)
        self._source.mkdir(parents=True)
        places = {"CODEBUILD_SRC_DIR": str(self._source)}
        for name, location in request.inputs.items():
            folder = self._source if name == primary else self._folder / "inputs" / name
            if name != primary:
                places[f"CODEBUILD_SRC_DIR_{name}"] = str(folder)
            self._access.fetch(
                bucket=location.bucket, key=location.key, scratch=scratch, folder=folder
            )
        return places

    def _read_buildspec(self) -> Buildspec:
        given = self._build.project.description["source"].get("buildspec") or "buildspec.yml"
        if "\n" not in given and not given.lstrip().startswith("{"):
            file = self._source / given
            if not file.is_file():
                raise PhaseError("YAML_FILE_ERROR", f"YAML file does not exist: {given}")
            given = file.read_text(encoding="utf-8")
        buildspec = parse(given)
        for line in buildspec.ignored:
            self._say(line)
        if self._build.project.description.get("cache", {}).get("type", "NO_CACHE") != "NO_CACHE":
            self._say("The project's cache has no effect here; an engine keeps its layers anyway.")
        if self._build.project.privileged and not self._machine.engine:
            self._say("The local cloud was started without a container engine: there is no docker.")
        for runtime, version in buildspec.runtimes.items():
            own = f" It is {self._machine.python_version()}." if runtime == "python" else ""
            self._say(f"Runtime {runtime} {version} is asked for; this machine's is used.{own}")
        return buildspec

    def _variables(self, buildspec: Buildspec) -> dict[str, str]:
        """In the order in which they win, the last before all."""
        build, request = self._build, self._build.request
        return {
            **buildspec.variables,
            **build.project.variables(),
            **{variable.name: variable.value for variable in request.variables},
            **self._identities.credentials(build.project.service_role),
            "CODEBUILD_BUILD_ARN": build.arn,
            "CODEBUILD_BUILD_ID": build.id,
            "CODEBUILD_BUILD_IMAGE": IMAGE,
            "CODEBUILD_BUILD_NUMBER": str(build.number),
            "CODEBUILD_BUILD_SUCCEEDING": "1",
            "CODEBUILD_INITIATOR": request.initiator,
            "CODEBUILD_LOG_PATH": build.log_stream,
            "CODEBUILD_RESOLVED_SOURCE_VERSION": request.source_version,
            "CODEBUILD_SOURCE_VERSION": request.source_version,
            "CODEBUILD_START_TIME": str(int(build.started * 1000)),
            **({"CODEBUILD_KMS_KEY_ID": build.encryption_key} if build.encryption_key else {}),
        }

    def _run_phases(self, buildspec: Buildspec, shell: Shell) -> None:
        """INSTALL and PRE_BUILD end the build when they fail; POST_BUILD follows a failed BUILD.

        `on-failure` of a phase decides otherwise.
        """
        for name in PHASES:
            phase = buildspec.phases.get(name)
            failed = None
            try:
                with self._phase(name.upper()):
                    if phase is not None:
                        self._run_commands(shell, phase)
            except PhaseError as error:
                if error.status != "FAILED":
                    raise
                failed = error
            self._export(buildspec, shell)
            if failed is None or (phase is not None and phase.continues):
                continue
            ends = name in ("install", "pre_build") or (phase is not None and phase.aborts)
            if ends:
                raise failed

    def _run_commands(self, shell: Shell, phase: Phase) -> None:
        failed = None
        try:
            self._run_all(shell, phase.commands)
        except PhaseError as error:
            if error.status != "FAILED":
                raise
            failed = error
            self._succeeding = False
        try:
            self._run_all(shell, phase.finally_commands)
        except PhaseError as error:
            raise failed or error from None
        if failed:
            raise failed

    def _run_all(self, shell: Shell, commands: Sequence[str]) -> None:
        for command in commands:
            self._say(f"Running command {command}")
            shell.run(
                command, also={"CODEBUILD_BUILD_SUCCEEDING": "1" if self._succeeding else "0"}
            )

    def _export(self, buildspec: Buildspec, shell: Shell) -> None:
        if buildspec.exported:
            found = shell.variables()
            self._build.exported = {
                name: found[name] for name in buildspec.exported if name in found
            }

    def _upload(self, buildspec: Buildspec) -> None:
        request = self._build.request
        for name, location in request.outputs.items():
            wanted = buildspec.artifacts
            if len(request.outputs) > 1:
                wanted = buildspec.secondary.get(name)
            if wanted is None:
                section = "artifacts" if len(request.outputs) == 1 else "secondary-artifacts"
                raise PhaseError(
                    "CLIENT_ERROR",
                    f"the output artifact {name} is asked for, but the buildspec's {section} has "
                    "nothing for it",
                )
            files = select(wanted, self._source)
            self._say(f"Found {len(files)} file(s) for the artifact {name}")
            file = self._folder / "artifact.zip"
            pack(files, file)
            self._access.store(
                file,
                bucket=location.bucket,
                key=location.key,
                encryption_key=self._build.encryption_key,
            )

    @contextlib.contextmanager
    def _phase(self, kind: str) -> Iterator[PhaseRecord]:
        if self._build.stop_asked.is_set():
            self._fail("STOPPED", "The build was stopped.")
            raise PhaseError("STOPPED", "The build was stopped.", status="STOPPED")
        phase = self._build.enter(kind)
        self._say(f"Entering phase {kind}")
        try:
            yield phase
            phase.status = SUCCEEDED
        except PhaseError as error:
            phase.status, phase.code, phase.message = error.status, error.code, error.message
            self._fail(error.status, f"{kind}: {error.code}: {error.message}")
            raise
        except Exception:
            phase.status = "FAULT"
            raise
        finally:
            phase.ended = time.time()
            self._say(f"Phase complete: {kind} State: {phase.status}")
            if phase.code:
                first = phase.message.partition("\n")[0]
                self._say(f"Phase context status code: {phase.code} Message: {first}")

    def _fail(self, status: str, failure: str) -> None:
        if not self._build.failure:
            self._build.failure = failure
        if status != "FAILED":
            self._build.status = status

    def _say(self, text: str) -> None:
        now = datetime.now(UTC).strftime("%Y/%m/%d %H:%M:%S.%f")
        with contextlib.suppress(FileNotFoundError), self._build.log.open("ab") as file:
            file.write(f"[Container] {now} {text}\n".encode())
