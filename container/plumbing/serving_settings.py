"""How to serve, from the environment that SageMaker and the person who runs it set.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-batch-code.html
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

MEBIBYTE = 1024 * 1024
BATCH_LIMIT_MB = 100  # CreateTransformJob: MaxConcurrentTransforms x MaxPayloadInMB at most this
BATCH_PAYLOAD_MB = 6  # CreateTransformJob's own default for one payload
REAL_TIME_LIMIT_MB = 6  # InvokeEndpoint takes no larger body


class SettingError(Exception):
    """An environment variable cannot be used; the message names it and what is allowed."""


@dataclass(frozen=True, kw_only=True)
class ServingSettings:
    """``payload_limit`` is in bytes, 0 for none."""

    host: str
    port: int
    workers: int
    payload_limit: int

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "ServingSettings":
        """Reads SAGEMAKER_BIND_TO_PORT, SAGEMAKER_MODEL_SERVER_WORKERS, SAGEMAKER_BATCH,
        SAGEMAKER_MAX_PAYLOAD_IN_MB and SERVE_HOST.

        SageMaker sets SAGEMAKER_BATCH to "true" in the containers of batch transform, and the
        limit too where the job names one.

        Raises:
            SettingError: a value is not a whole number or out of range.
        """
        batch = environment.get("SAGEMAKER_BATCH", "").lower() == "true"
        return cls(
            # In a container every interface is the container's own; on a laptop set SERVE_HOST.
            host=environment.get("SERVE_HOST") or "0.0.0.0",  # noqa: S104
            port=_whole(environment, "SAGEMAKER_BIND_TO_PORT", default=8080, low=1, high=65535),
            workers=_whole(
                environment,
                "SAGEMAKER_MODEL_SERVER_WORKERS",
                default=usable_cpus(),
                low=1,
                high=1024,
            ),
            payload_limit=MEBIBYTE
            * _whole(
                environment,
                "SAGEMAKER_MAX_PAYLOAD_IN_MB",
                default=BATCH_LIMIT_MB if batch else REAL_TIME_LIMIT_MB,
                low=0,
                high=1_000_000,
            ),
        )

    def execution_parameters(self) -> dict[str, int | str]:
        """What batch transform asks for when a job does not set it itself."""
        limit = self.payload_limit // MEBIBYTE
        payload = min(limit, BATCH_PAYLOAD_MB) if limit else BATCH_PAYLOAD_MB
        return {
            "MaxConcurrentTransforms": min(self.workers, BATCH_LIMIT_MB // payload),
            "BatchStrategy": "MULTI_RECORD",
            "MaxPayloadInMB": payload,
        }


def usable_cpus(cgroup: Path = Path("/sys/fs/cgroup")) -> int:
    """CPUs this process may use: its affinity, cut by the container's quota (cgroup v2 or v1)."""
    affinity = getattr(os, "sched_getaffinity", None)
    cpus = len(affinity(0)) if affinity else os.cpu_count() or 1
    try:
        if (cgroup / "cpu.max").exists():
            quota, period = (cgroup / "cpu.max").read_text().split()
        else:
            quota = (cgroup / "cpu" / "cpu.cfs_quota_us").read_text()
            period = (cgroup / "cpu" / "cpu.cfs_period_us").read_text()
        if int(quota) > 0:  # -1 and "max" mean no quota
            cpus = min(cpus, -(-int(quota) // int(period)))
    except (OSError, ValueError):
        pass
    return max(cpus, 1)


def _whole(environment: Mapping[str, str], name: str, *, default: int, low: int, high: int) -> int:
    text = environment.get(name) or str(default)
    try:
        number = int(text)
    except ValueError:
        number = low - 1
    if not low <= number <= high:
        raise SettingError(f"{name} is {text!r}. Allowed is a whole number from {low} to {high}.")
    return number
