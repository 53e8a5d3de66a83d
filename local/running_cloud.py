"""Starting, finding and stopping the local cloud's process."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.cloud.server import ACCOUNT_ID, REGION, ROOT_SECRET
from local.terminal import LocalError

_ROOT = Path(__file__).resolve().parent.parent
_START_SECONDS = 60
_STOP_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class RunningCloud:
    """A local cloud that answers.

    Attributes:
        state_dir: its folder: certificate, logs, environments.
        pid: its process.
        port: AWS's APIs by HTTPS on 127.0.0.1.
        site_port: inbox and deployed APIs by HTTP on 127.0.0.1.
        engine: docker, podman, or None for processes.
        region: where its pipelines and builds are, and whatever names no region.
        process: the process, if this one has started it.
    """

    state_dir: Path
    pid: int
    port: int
    site_port: int
    engine: str | None
    region: str = REGION
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False, compare=False)

    @property
    def inbox_url(self) -> str:
        """`<inbox_url>/messages` answers every mail as JSON."""
        return f"http://127.0.0.1:{self.site_port}"

    @property
    def registry(self) -> str:
        """The Docker registry protocol of the local ECR."""
        return f"localhost:{self.port}"

    def environment(self, account: str = ACCOUNT_ID, region: str | None = None) -> dict[str, str]:
        """What an AWS client needs to be the root of an account of this cloud."""
        region = region or self.region
        return {
            "AWS_ENDPOINT_URL": f"https://127.0.0.1:{self.port}",
            "AWS_ACCESS_KEY_ID": account,  # The key of an account's root is its number.
            "AWS_SECRET_ACCESS_KEY": ROOT_SECRET,
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_CA_BUNDLE": str(self.state_dir / "tls" / "bundle.pem"),
        }

    @classmethod
    def find(cls, state_dir: Path) -> RunningCloud | None:
        """The cloud that was started with this folder, if it still runs."""
        try:
            record = json.loads(_record(state_dir).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        cloud = cls(state_dir=state_dir, **record)
        return cloud if cloud.is_running() else None

    @classmethod
    def start(
        cls,
        state_dir: Path,
        *,
        engine: str | None,
        base_image: str | None = None,
        wait_scale: float | None = None,
        region: str = REGION,
    ) -> RunningCloud:
        """Start a cloud on free ports and wait until it answers.

        Args:
            base_image: the one for images that its builds make; None is the Dockerfile's.

        Raises:
            LocalError: it ended at once, or does not answer in time.
        """
        state_dir.mkdir(parents=True, exist_ok=True)
        port, site_port = _free_ports()
        command = [
            *[sys.executable, "-m", "local.cloud.server", "--state-dir", str(state_dir)],
            *["--port", str(port), "--site-port", str(site_port), "--region", region],
            *(["--engine", engine] if engine else []),
            *(["--base-image", base_image] if base_image else []),
            *(["--wait-scale", str(wait_scale)] if wait_scale is not None else []),
        ]
        log = state_dir / "cloud.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                cwd=_ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        record: dict[str, Any] = {
            "pid": process.pid,
            "port": port,
            "site_port": site_port,
            "engine": engine,
            "region": region,
        }
        cloud = cls(state_dir=state_dir, process=process, **record)
        _record(state_dir).write_text(json.dumps(record), encoding="utf-8")
        deadline = time.monotonic() + _START_SECONDS
        try:
            while not cloud._answers():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise LocalError(
                        what="The local cloud did not start",
                        why=_last_line(log),
                        next_step=f"read {log}, then try again",
                    )
                time.sleep(0.1)
        except BaseException:
            cloud.stop()
            raise
        return cloud

    def is_running(self) -> bool:
        """Whether the process is alive and is a local cloud of this folder."""
        try:
            command = Path(f"/proc/{self.pid}/cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError):
            return False
        except OSError:
            return self._answers()
        return str(self.state_dir).encode() in command

    def stop(self) -> None:
        """End the process and everything that it has started."""
        if self.is_running():
            os.kill(self.pid, signal.SIGTERM)
            deadline = time.monotonic() + _STOP_SECONDS
            while self.is_running():
                if time.monotonic() > deadline:
                    os.kill(self.pid, signal.SIGKILL)
                    break
                time.sleep(0.05)
        if self.process is not None:
            self.process.wait()
        _record(self.state_dir).unlink(missing_ok=True)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.inbox_url}/messages", timeout=2):  # noqa: S310
                return True
        except OSError:
            return False


def _record(state_dir: Path) -> Path:
    return state_dir / "cloud.json"


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"
