#!/usr/bin/env python3
"""Trains and serves here, as SageMaker would, and shows two predictions.

    try_locally.py                      the source in this folder, as processes
    try_locally.py --model-folder examples/boosted_regressor    another model of the repository
    try_locally.py --image IMAGE        a built image, with Docker or Podman

Processes run with --python, else with the interpreter that CONTAINER_PYTHON names, else with this
one; it needs what requirements.txt lists. Everything happens in a temporary folder.
"""

import argparse
import contextlib
import csv
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from overlay import OverlayError, assemble

HERE = Path(__file__).resolve().parent
START_SECONDS = 60
HOPELESS = "The log says why"  # what /ping answers when waiting does not help
# Fails unless every package that the file of requirements names is there.
INSTALLED = """
import importlib.metadata, re, sys
for name in re.findall(r"^[A-Za-z0-9._-]*[A-Za-z0-9]", open(sys.argv[1]).read(), re.MULTILINE):
    importlib.metadata.distribution(name)
"""


class TrialError(Exception):
    """The trial cannot go on; the message says why and what to do."""


@dataclass(frozen=True)
class Runner:
    """How to run `train` and `serve` on a folder: as a container of ``image``, or as processes.

    ``source`` is container/, or that with another model over it.
    """

    source: Path
    python: str
    image: str | None
    engine: str | None

    def command(self, name: str, *, root: Path, port: int) -> list[str]:
        if self.image is None or self.engine is None:
            return [self.python, str(self.source / name)]
        return [
            *(self.engine, "run", "--rm", "--read-only", "--name", f"try-locally-{port}"),
            *("--volume", f"{root}:/opt/ml", "--publish", f"127.0.0.1:{port}:8080"),
            *(self.image, name),
        ]

    def environment(self, *, root: Path, port: int) -> dict[str, str]:
        if self.image is not None:
            return dict(os.environ)
        local = {"SERVE_HOST": "127.0.0.1", "SAGEMAKER_BIND_TO_PORT": str(port)}
        return {**os.environ, **local, "ML_ROOT": str(root)}


def main() -> int:
    """Runs the trial; returns the exit code."""
    arguments = _arguments()
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(143))
    try:
        with tempfile.TemporaryDirectory(prefix="try-locally-") as folder:
            root, source = Path(folder) / "ml", Path(folder) / "container"
            assemble(arguments.model_folder, source)
            runner = _runner(arguments, source)
            _prepare(root, arguments, source / "sample")
            port = _free_port()
            _train(runner, root=root, port=port)
            with _served(runner, root=root, port=port):
                test = arguments.test or source / "sample/test.csv"
                _predict(f"http://127.0.0.1:{port}", test)
    except (TrialError, OverlayError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--image", help="try this image instead of the source")
    parser.add_argument("--model-folder", default="container", help="where the model is")
    parser.add_argument("--engine", default=os.environ.get("CONTAINER_ENGINE"))
    parser.add_argument("--python", default=os.environ.get("CONTAINER_PYTHON") or sys.executable)
    parser.add_argument("--train", type=Path, nargs="+", help="its sample, if none is given")
    parser.add_argument("--test", type=Path, help="its sample, if none is given")
    parser.add_argument(
        "--set", nargs="+", default=[], metavar="NAME=VALUE", help="hyperparameters"
    )
    return parser.parse_args()


def _runner(arguments: argparse.Namespace, source: Path) -> Runner:
    engine = None
    if arguments.image:
        wanted = [arguments.engine] if arguments.engine else ["docker", "podman"]
        engine = next((name for name in wanted if _answers([name, "info"])), None)
        if engine is None:
            raise TrialError(
                f"No container engine answers (tried {', '.join(wanted)}). "
                "Start one, or leave out --image to try the source as processes."
            )
    elif not _answers([arguments.python, "-c", INSTALLED, str(source / "requirements.txt")]):
        written = HERE.parent / arguments.model_folder / "requirements.txt"
        needed = written if written.is_file() else HERE / "requirements.txt"
        raise TrialError(
            f"{arguments.python} lacks what the container needs. Install it with: "
            f"{arguments.python} -m pip install -r {needed}"
        )
    return Runner(source=source, python=arguments.python, image=arguments.image, engine=engine)


def _answers(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _prepare(root: Path, arguments: argparse.Namespace, sample: Path) -> None:
    """Lays out the documented tree with the data and the hyperparameters."""
    root.mkdir()
    for each in (root.parent, root):
        each.chmod(0o755)  # the container's ordinary user must get in
    channel = root / "input/data/training"
    for folder in (channel, root / "input/config", root / "model", root / "output"):
        folder.mkdir(parents=True)
    rows = arguments.train or [sample / "train.csv"]
    for path in (*rows, arguments.test or sample / "test.csv"):
        if not path.is_file():
            raise TrialError(f"There is no file {path}. Give CSV files, label first, no header.")
    for number, path in enumerate(rows):
        shutil.copyfile(path, channel / f"{number}-{path.name}")
    chosen = dict(text.partition("=")[::2] for text in arguments.set)
    (root / "input/config/hyperparameters.json").write_text(json.dumps(chosen))


def _train(runner: Runner, *, root: Path, port: int) -> None:
    print("--- train")
    finished = subprocess.run(
        runner.command("train", root=root, port=port),
        env=runner.environment(root=root, port=port),
        check=False,
    )
    if finished.returncode != 0:
        raise TrialError(f"train ended with exit code {finished.returncode}; it says why above.")
    print("model:", ", ".join(sorted(path.name for path in (root / "model").iterdir())))


@contextlib.contextmanager
def _served(runner: Runner, *, root: Path, port: int) -> Iterator[None]:
    """Serves until the block ends, which it enters when /ping answers 200."""
    print("--- serve", flush=True)
    process = subprocess.Popen(
        runner.command("serve", root=root, port=port),
        env=runner.environment(root=root, port=port),
    )
    try:
        deadline = time.monotonic() + START_SECONDS
        while (answer := _ping(port)) != "":
            if process.poll() is not None or time.monotonic() > deadline or HOPELESS in answer:
                raise TrialError(f"serve did not become healthy: {answer} It may say why above.")
            time.sleep(0.1)
        print("GET /ping -> 200")
        yield
    finally:
        if runner.engine:  # the engine's own client may not pass the signal on
            stop = [runner.engine, "stop", f"try-locally-{port}"]
            subprocess.run(stop, capture_output=True, check=False)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
        if process.poll() is None:
            process.terminate()
        process.wait()


def _ping(port: int) -> str:
    """Nothing if the server is healthy, else what there is instead."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=2):
            return ""
    except urllib.error.HTTPError as error:
        return f"/ping answers {error.code} {error.read().decode(errors='replace')}."
    except OSError as error:
        return f"/ping is not answered ({error})."


def _predict(url: str, test: Path) -> None:
    """Asks for one row as CSV and one as JSON, the labels left out."""
    with test.open(newline="", encoding="utf-8-sig") as file:
        rows = [row for row in csv.reader(file) if row]
    if not rows:
        raise TrialError(f"{test} has no rows. Give a CSV file, label first, no header.")
    first, second = rows[0], next((row for row in rows if row[0] != rows[0][0]), rows[-1])
    try:
        as_json = json.dumps({"instances": [[float(value) for value in second[1:]]]})
    except ValueError as error:
        raise TrialError(f"{test} has a row with no number: {error}. The label is first.") from None
    for row, kind, body in (
        (first, "text/csv", ",".join(first[1:])),
        (second, "application/json", as_json),
    ):
        request = urllib.request.Request(  # noqa: S310 - the address is our own
            f"{url}/invocations", data=body.encode(), headers={"Content-Type": kind}
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
                text = answer.read().decode().strip()
        except urllib.error.HTTPError as error:
            raise TrialError(f"{kind} {body} -> {error.code} {error.read().decode()}") from error
        print(f"POST /invocations {kind} {body} -> {text} (the data says {row[0]})")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
