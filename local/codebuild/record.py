"""What is known of one build, and how the API tells it."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.codebuild.projects import Project
from local.codebuild.request import BuildRequest

IN_PROGRESS = "IN_PROGRESS"
SUCCEEDED = "SUCCEEDED"


@dataclass(kw_only=True)
class PhaseRecord:
    """One phase; `code` and `message` are its context."""

    kind: str
    started: float = field(default_factory=time.time)
    ended: float | None = None
    status: str = IN_PROGRESS
    code: str = ""
    message: str = ""

    def as_answer(self) -> dict[str, Any]:
        """A member of `phases`."""
        answer: dict[str, Any] = {"phaseType": self.kind, "startTime": self.started}
        if self.ended is not None:
            answer |= {
                "phaseStatus": self.status,
                "endTime": self.ended,
                "durationInSeconds": int(self.ended - self.started),
                "contexts": [{"statusCode": self.code, "message": self.message}],
            }
        return answer


@dataclass(kw_only=True)
class Build:
    """One build.

    Attributes:
        stop_asked: set when it shall end.
        over: set when it has ended.
        failure: what went wrong first.
    """

    id: str
    number: int
    project: Project
    request: BuildRequest
    log: Path
    started: float = field(default_factory=time.time)
    ended: float | None = None
    status: str = IN_PROGRESS
    phases: list[PhaseRecord] = field(default_factory=list)
    exported: dict[str, str] = field(default_factory=dict)
    failure: str = ""
    stop_asked: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def arn(self) -> str:
        """Its ARN, which carries its id."""
        return f"{self.project.arn.partition(':project/')[0]}:build/{self.id}"

    @property
    def encryption_key(self) -> str | None:
        """The key of its artifacts; None is S3's own.

        A pipeline's store has no say: CodeBuild knows its project's key only.
        """
        return self.request.encryption_key or self.project.description.get("encryptionKey")

    @property
    def log_group(self) -> str:
        """In CloudWatch Logs."""
        config = self.project.description.get("logsConfig", {}).get("cloudWatchLogs", {})
        return str(config.get("groupName") or f"/aws/codebuild/{self.project.name}")

    @property
    def log_stream(self) -> str:
        """In the group: the build's own part of its id."""
        return self.id.partition(":")[2]

    def enter(self, kind: str) -> PhaseRecord:
        """Begin a phase."""
        phase = PhaseRecord(kind=kind)
        self.phases.append(phase)
        return phase

    def as_answer(self) -> dict[str, Any]:
        """A member of BatchGetBuilds' answer."""
        described = self.project.description
        answer: dict[str, Any] = {
            "id": self.id,
            "arn": self.arn,
            "buildNumber": self.number,
            "startTime": self.started,
            "currentPhase": self.phases[-1].kind if self.phases else "SUBMITTED",
            "buildStatus": self.status,
            "buildComplete": self.ended is not None,
            "projectName": self.project.name,
            "initiator": self.request.initiator,
            "serviceRole": self.project.service_role,
            "phases": [phase.as_answer() for phase in self.phases],
            "source": described["source"],
            "artifacts": {"location": ""},
            "environment": described["environment"],
            "timeoutInMinutes": int(self.project.timeout_seconds // 60),
            "logs": {"groupName": self.log_group, "streamName": self.log_stream},
            "exportedEnvironmentVariables": [
                {"name": name, "value": value} for name, value in self.exported.items()
            ],
        }
        if self.request.source_version:
            answer["sourceVersion"] = self.request.source_version
        if self.encryption_key:
            answer["encryptionKey"] = self.encryption_key
        if self.ended is not None:
            answer["endTime"] = self.ended
        return answer
