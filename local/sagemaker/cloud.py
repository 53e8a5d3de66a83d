"""What the emulated SageMaker is given by the cloud it lives in."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from boto3.session import Session

from local.sagemaker.runners.base import Runner

RoleSession = Callable[[str], Session]
MayPassRole = Callable[[Mapping[str, str], str], bool]
MayDeregister = Callable[[Mapping[str, str]], bool]


class RecordMetric(Protocol):
    """Puts one value into CloudWatch."""

    def __call__(
        self, namespace: str, name: str, value: float, *, unit: str, dimensions: Mapping[str, str]
    ) -> None: ...


def _no_metrics(
    namespace: str, name: str, value: float, *, unit: str, dimensions: Mapping[str, str]
) -> None:
    del namespace, name, value, unit, dimensions


@dataclass(frozen=True, kw_only=True)
class Timings:
    """How long the emulator waits, in seconds.

    AWS waits 120 s between SIGTERM and SIGKILL of a training job, up to 8 minutes for an endpoint's
    first healthy /ping, and 60 s for an invocation; a laptop's user should not. The waits that a
    request asks for, such as baking, are multiplied by `wait_scale`.
    https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html
    https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
    """

    stop_grace: float = 10
    startup: float = 60
    ping_interval: float = 0.1
    invocation: float = 60
    wait_scale: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Cloud:
    """Account, region, folders, roles and the runner.

    `role_session(arn)` gives a session with that role's credentials whose clients talk to the local
    cloud. `may_pass_role(headers, arn)` says whether the caller may pass the role (iam:PassRole),
    `may_deregister(headers)` whether it may deregister scalable targets of endpoints.
    `record_metric` takes what SageMaker measures; without one it is dropped.
    """

    account_id: str
    region: str
    state_dir: Path
    role_session: RoleSession
    may_pass_role: MayPassRole
    may_deregister: MayDeregister
    runner: Runner
    timings: Timings = field(default_factory=Timings)
    record_metric: RecordMetric = _no_metrics

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
