"""Five million predictions, measured by the three functions beside scikit-learn in one go."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluation.classification import MAX_PAIRS

from bench.predictions import write_many_classes, write_predictions
from local.deployment import session
from local.running_cloud import RunningCloud

ROWS = 5_000_000
MAX_BYTES = 256 * 1024 * 1024
"""What any of the functions may have in memory."""
_TOLERANCE = 1e-12

_ROOT = Path(__file__).resolve().parent.parent
_EVENTS = _ROOT / "tests" / "events"
_REFERENCE = Path(__file__).resolve().parent / "reference_evaluation.py"
# Linux tells the largest resident set since the program began; ru_maxrss would begin with what the
# process had before, as a copy of this one.
_CALL = """
import importlib, json, re, sys, time
started = time.perf_counter()
answer = importlib.import_module(sys.argv[1]).handle(json.load(sys.stdin), None)
seconds = time.perf_counter() - started
status = open("/proc/self/status", encoding="utf-8").read()
peak = int(re.findall(r"VmHWM:\\s*(\\d+) kB", status)[0]) * 1024
print(json.dumps({"seconds": seconds, "peakBytes": peak, "answer": answer}))
"""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Seconds from import to answer, and the largest resident memory of the process in bytes."""

    seconds: float
    peak_bytes: int


@dataclass(frozen=True, kw_only=True)
class Steps:
    """What each function cost, and the summary that came of it."""

    plan: Cost
    parts: tuple[Cost, ...]
    merge: Cost
    summary: Mapping[str, Any]

    @property
    def seconds(self) -> float:
        """All functions one after the other; in AWS, parts run side by side."""
        return sum(cost.seconds for cost in (self.plan, *self.parts, self.merge))

    @property
    def peak_bytes(self) -> int:
        """The most that any function had in memory."""
        return max(cost.peak_bytes for cost in (self.plan, *self.parts, self.merge))


@dataclass(frozen=True, kw_only=True)
class Measured:
    """ROWS predictions of *size* bytes; as many classes as are allowed; scikit-learn."""

    size: int
    many_rows: Steps
    many_classes: Steps
    reference: Cost


def measure() -> Measured:
    """Measure every function in a process of its own, on a local cloud's S3.

    Raises:
        RuntimeError: a figure differs from scikit-learn's, or a function needs too much memory.
    """
    with tempfile.TemporaryDirectory() as name:
        rows, classes = Path(name) / "rows", Path(name) / "classes"
        size = write_predictions(rows, rows=ROWS)
        write_many_classes(classes, pairs=MAX_PAIRS)
        answer, reference = _reference(rows)
        cloud = RunningCloud.start(Path(name) / "cloud", engine=None)
        try:
            measured = Measured(
                size=size,
                many_rows=_evaluated(cloud, rows),
                many_classes=_evaluated(cloud, classes),
                reference=reference,
            )
        finally:
            cloud.stop()
    _check(measured, theirs=answer)
    return measured


def _evaluated(cloud: RunningCloud, folder: Path) -> Steps:
    place = {"bucket": f"predicted-{folder.name}"}
    merge = {**_event("merge_parts"), **place}
    s3 = session(cloud).client("s3")
    s3.create_bucket(Bucket=merge["bucket"])
    for path in sorted(folder.iterdir()):
        with path.open("rb") as content:
            key = f"{merge['predictionsPrefix']}{path.name}"
            s3.put_object(Bucket=merge["bucket"], Key=key, Body=content)
    environment = cloud.environment()
    plan, plan_cost = _call("plan_evaluation", {**_event("plan_evaluation"), **place}, environment)
    parts = []
    for part in range(plan["parts"]):
        key = f"{merge['partialsPrefix']}{part}.json"
        event = {**_event("measure_part"), **place, "part": part, "partialKey": key}
        parts.append(_call("measure_part", event, environment)[1])
    summary, merge_cost = _call("merge_parts", {**merge, "plan": plan}, environment)
    return Steps(plan=plan_cost, parts=tuple(parts), merge=merge_cost, summary=summary)


def _check(measured: Measured, *, theirs: Mapping[str, Any]) -> None:
    ours = measured.many_rows.summary
    if ours["confusionMatrix"] != theirs["confusionMatrix"]:
        raise RuntimeError(f"The matrix is not scikit-learn's: {ours['confusionMatrix']}, {theirs}")
    for name, value in theirs["metrics"].items():
        if abs(ours["metrics"][name] - value) > _TOLERANCE:
            raise RuntimeError(f"{name} is {ours['metrics'][name]}; scikit-learn has {value}.")
    if measured.many_classes.summary["rows"] != 3 * MAX_PAIRS:
        raise RuntimeError(f"Rows of many classes were lost: {measured.many_classes.summary}")
    for steps in (measured.many_rows, measured.many_classes):
        if steps.peak_bytes > MAX_BYTES:
            raise RuntimeError(f"A function took {steps.peak_bytes} bytes, {MAX_BYTES} allowed.")


def _event(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((_EVENTS / f"{name}.json").read_text(encoding="utf-8"))
    return event


def _call(name: str, event: Mapping[str, Any], variables: Mapping[str, str]) -> tuple[Any, Cost]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    return _run(
        [sys.executable, "-c", _CALL, f"{name}.handler"],
        given=json.dumps(event),
        environment={**clean, **variables, "PYTHONPATH": str(_ROOT / "lambdas")},
    )


def _reference(folder: Path) -> tuple[Any, Cost]:
    """scikit-learn, from files, in the environment of the model's container."""
    python = Path(
        os.environ.get("CONTAINER_PYTHON") or _ROOT / ".local" / "container-env" / "bin" / "python"
    )
    if not python.exists():
        raise RuntimeError(f"{python} with scikit-learn is missing; `make check-model` makes it.")
    return _run([str(python), str(_REFERENCE), str(folder)], given="", environment=dict(os.environ))


def _run(command: list[str], *, given: str, environment: dict[str, str]) -> tuple[Any, Cost]:
    result = subprocess.run(
        command, input=given, env=environment, capture_output=True, text=True, check=False
    )
    if result.returncode:
        raise RuntimeError(f"{command[-1]} failed: {result.stderr[-2000:]}")
    said = json.loads(result.stdout.splitlines()[-1])
    return said["answer"], Cost(seconds=said["seconds"], peak_bytes=said["peakBytes"])
