"""What the emulated SageMaker is given by the cloud it lives in."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from boto3.session import Session

from local.sagemaker.runners.base import Runner

RoleSession = Callable[[str], Session]
MayPassRole = Callable[[Mapping[str, str], str], bool]


@dataclass(frozen=True, kw_only=True)
class Timings:
    """How long the emulator waits, in seconds.

    AWS waits 120 s between SIGTERM and SIGKILL of a training job, up to 8 minutes for an endpoint's
    first healthy /ping, and 60 s for an invocation; a laptop's user should not.
    https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html
    https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
    """

    stop_grace: float = 10
    startup: float = 60
    ping_interval: float = 0.1
    invocation: float = 60


@dataclass(frozen=True, kw_only=True)
class Cloud:
    """Account, region, folders, roles and the runner.

    `role_session(arn)` gives a session with that role's credentials whose clients talk to the local
    cloud. `may_pass_role(headers, arn)` says whether the caller may pass the role (iam:PassRole).
    """

    account_id: str
    region: str
    state_dir: Path
    role_session: RoleSession
    may_pass_role: MayPassRole
    runner: Runner
    timings: Timings = field(default_factory=Timings)

    def arn(self, kind: str, name: str) -> str:
        """The ARN of a SageMaker resource; SageMaker writes names in lower case there."""
        return f"arn:aws:sagemaker:{self.region}:{self.account_id}:{kind}/{name.lower()}"

    def log(self, kind: str, name: str) -> Path:
        """The file that stands for the CloudWatch log group /aws/sagemaker/<kind>."""
        folder = self.state_dir / "logs" / kind
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{name}.log"


def now() -> float:
    """Epoch seconds to the millisecond, as the JSON protocol writes timestamps."""
    return round(time.time(), 3)
