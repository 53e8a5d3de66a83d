"""The approval page's function beside one of the reference design's kind: start, package size."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.question import Question

_ROOT = Path(__file__).resolve().parent.parent
_LEFT_OUT = ("__pycache__", "_cache")  # as the deployment leaves out
_CALL = """
import importlib, json, sys, time
started = time.perf_counter()
answer = importlib.import_module(sys.argv[1]).handle(json.loads(sys.argv[2]), None)
seconds = time.perf_counter() - started
print(json.dumps({"seconds": seconds, "status": answer["statusCode"], "body": answer["body"]}))
"""


@dataclass(frozen=True, kw_only=True)
class Function:
    """A function's code and what its first caller sends."""

    files: Mapping[str, bytes]
    module: str
    expected: str
    """Text that its first answer has, when it did its work."""


OURS = "answer_approval.handler"


def ours() -> Function:
    """The function behind the mailed link; its package holds every function."""
    folder = _ROOT / "lambdas"
    files = {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(part.endswith(_LEFT_OUT) for part in path.parts)
    }
    return Function(files=files, module=OURS, expected="<form")


def reference() -> Function:
    """A callback function of the reference design's kind."""
    name = "reference_callback"
    content = (_ROOT / "bench" / f"{name}.py").read_bytes()
    return Function(files={f"{name}.py": content}, module=name, expected="Thank you")


def package_bytes(function: Function) -> int:
    """The size of the package that is uploaded."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in function.files.items():
            archive.writestr(name, content)
    return len(packed.getvalue())


def cold_starts(runs: int) -> tuple[list[float], list[float]]:
    """Seconds from import to the first answer, of ours and the reference's, in turns.

    Each is a fresh Python process that asks the local cloud over TLS: ours verifies the link's
    signature and reads the approval, the reference's settles a waiting task.
    """
    seconds: tuple[list[float], list[float]] = ([], [])
    with tempfile.TemporaryDirectory() as name, Question.asked(Path(name) / "cloud") as question:
        functions = (ours(), reference())
        folders = [_unpacked(function, Path(name) / function.module) for function in functions]
        for _ in range(runs):
            events = (question.look(), question.click())
            for taken, function, folder, event in zip(
                seconds, functions, folders, events, strict=True
            ):
                taken.append(_first_answer(function, folder, event, question.environment))
    return seconds


def _unpacked(function: Function, folder: Path) -> Path:
    for name, content in function.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def _first_answer(
    function: Function, folder: Path, event: Mapping[str, Any], variables: Mapping[str, str]
) -> float:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    # The code is read-only in AWS: its modules are compiled at each cold start.
    own = {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    result = subprocess.run(
        [sys.executable, "-c", _CALL, function.module, json.dumps(event)],
        cwd=folder,
        env={**clean, **variables, **own},
        capture_output=True,
        text=True,
        check=True,
    )
    answer = json.loads(result.stdout.splitlines()[-1])
    if answer["status"] != 200 or function.expected not in answer["body"]:
        raise RuntimeError(f"{function.module} did not do its work: {answer}")
    return float(answer["seconds"])
