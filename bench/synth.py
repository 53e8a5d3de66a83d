"""How long `cdk synth` of this app takes beside that of an empty CDK app in Python."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
_CDK = _ROOT / "node_modules" / ".bin" / "cdk"
_EMPTY_APP = """
import aws_cdk as cdk

app = cdk.App()
cdk.Stack(app, "EmptyStack")
app.synth()
"""


def measure(runs: int) -> tuple[list[float], list[float]]:
    """Seconds of each run, of this app and of an empty one, measured in turns."""
    ours: list[float] = []
    empty: list[float] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "app.py").write_text(_EMPTY_APP, encoding="utf-8")
        configuration = json.loads((_ROOT / "cdk.json").read_text(encoding="utf-8"))
        (folder / "cdk.json").write_text(json.dumps(configuration), encoding="utf-8")
        for _ in range(runs):
            empty.append(_synth(folder, folder / "out"))
            ours.append(_synth(_ROOT, folder / "ours"))
    return ours, empty


def _synth(folder: Path, output: Path) -> float:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    started = time.perf_counter()
    subprocess.run(
        [str(_CDK), "synth", "--quiet", "--output", str(output)],
        cwd=folder,
        env=environment,
        check=True,
        capture_output=True,
    )
    return time.perf_counter() - started
