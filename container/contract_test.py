#!/usr/bin/env python3
"""Asks of a built image what SageMaker will ask of it, before anything paid starts.

    contract_test.py IMAGE [--engine docker|podman] [--train FILE] [--test FILE]

It trains on sample/train.csv with the hyperparameters in HYPERPARAMETERS (a JSON object), serves
the model, and predicts sample/test.csv, as CSV and as JSON. The container has no network, and a
file system that it can only read, but for /opt/ml and /tmp. Nobody who answers may be root. At last
it has to end on SIGTERM.
"""

import argparse
import contextlib
import csv
import json
import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
_START_SECONDS = 60
_TRAIN_SECONDS = 900
# SageMaker kills after 30 s: AmazonSageMaker "your-algorithms-inference-code", "SIGTERM".
_STOP_SECONDS = 30

# Runs inside the container, which has no network: waits for /ping, then sends every request.
_CLIENT = """
import json, os, pathlib, sys, time, urllib.error, urllib.request

def ask(path, body=None, kind="text/csv"):
    request = urllib.request.Request(
        "http://127.0.0.1:8080" + path, body and body.encode(), {"Content-Type": kind}
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return [answer.status, answer.read().decode()]
    except urllib.error.HTTPError as error:
        return [error.code, error.read().decode()]
    except OSError as error:
        return [0, str(error)]

def roots():
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            status, command = (process / "status").read_text(), (process / "cmdline").read_text()
        except OSError:  # it has ended meanwhile
            continue
        if "\\nUid:\\t0\\t" in status and process.name != str(os.getpid()):
            found.append(" ".join(command.split(chr(0))).strip())
    return found

given = json.load(sys.stdin)
deadline = time.monotonic() + given["patience"]
while (ping := ask("/ping"))[0] != 200 and time.monotonic() < deadline:
    if "The log says why" in ping[1]:  # the model cannot be loaded or cannot predict
        break
    time.sleep(0.1)
answers = [ask("/invocations", *each) for each in given["requests"]] if ping[0] == 200 else []
print(json.dumps([ping, roots(), *answers]))
"""


class ContractError(Exception):
    """The image does not do what is asked of it; the message says what, why and what to do."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(
            f"{what}.\n  Why: {why.rstrip('. ')}.\n  Do: mend the model, or put rows that it "
            "can take into sample/ beside model.py, then run this again."
        )


@dataclass(frozen=True)
class Engine:
    """An engine's command line, and the image under test with its /opt/ml."""

    program: str
    image: str
    root: Path

    def call(
        self, *words: str, text: str = "", seconds: float = 120
    ) -> subprocess.CompletedProcess[str]:
        """Run one command of the engine; standard output and error together."""
        return subprocess.run(
            [self.program, *words],
            input=text,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
            check=False,
        )

    def run(self, *options: str) -> list[str]:
        """The words that run the image as strictly as it can be asked for."""
        strict = ("--network", "none", "--read-only", "--tmpfs", "/tmp")  # noqa: S108
        owner = f"{os.getuid()}:{os.getgid()}"
        # Root starts it as SageMaker does. Else its files must belong to whoever runs this.
        user: tuple[str, ...] = () if os.getuid() == 0 else ("--user", owner)
        if user and "podman" in self.call("--version").stdout:
            user = ("--userns", "keep-id", *user)
        return ["run", *options, *strict, *user, "--volume", f"{self.root}:/opt/ml", self.image]


def test(engine: Engine, *, train: Path, held_out: Path, hyperparameters: dict[str, str]) -> None:
    """Raises ContractError at the first fault."""
    rows = _rows(held_out)
    try:
        numbers = [[float(value) for value in row] for row in rows]
    except ValueError as error:
        raise ContractError(f"{held_out.name} has a row with no number", str(error)) from None
    _lay_out(engine.root, train, hyperparameters)
    _train(engine)
    requests = [
        ("\n".join(",".join(row) for row in rows), "text/csv"),
        (json.dumps({"instances": numbers}), "application/json"),
    ]
    with _served(engine) as name:
        asked = json.dumps({"patience": _START_SECONDS, "requests": requests})
        client = ("exec", "--interactive", name, "python3", "-c", _CLIENT)
        done = engine.call(*client, text=asked, seconds=_START_SECONDS + 180)
        try:
            ping, roots, *answers = json.loads(done.stdout.strip().splitlines()[-1])
        except (ValueError, IndexError):
            raise ContractError("the server could not be asked", done.stdout.strip()) from None
        if ping[0] != 200:
            log = engine.call("logs", name).stdout.strip()
            what = f"/ping did not answer 200 (it has {_START_SECONDS} s)"
            raise ContractError(what, f"{ping}\n{log}")
        if roots:
            raise ContractError("serve works as root", f"so do, while it answers: {roots}")
        _check_predictions(answers, rows=len(rows))
        code = _stopped(engine, name)
        if code != "0":
            why = "a container that is not gone after that is killed, with its last answers"
            raise ContractError(f"serve ended with {code} on SIGTERM in {_STOP_SECONDS} s", why)


def _lay_out(root: Path, train: Path, hyperparameters: dict[str, str]) -> None:
    for name in ("input/data/training", "input/config", "model", "output"):
        (root / name).mkdir(parents=True)
    (root / "input/data/training/train.csv").write_bytes(train.read_bytes())
    (root / "input/config/hyperparameters.json").write_text(json.dumps(hyperparameters))
    # The container's user is another one, as SageMaker's mounts are for every user.
    for path in (root, *root.rglob("*")):
        path.chmod(0o777 if path.is_dir() else 0o666)


def _train(engine: Engine) -> None:
    try:
        done = engine.call(*engine.run("--rm"), "train", seconds=_TRAIN_SECONDS)
    except subprocess.TimeoutExpired:
        why = "the sample is small, so that this takes seconds"
        raise ContractError(f"train did not end in {_TRAIN_SECONDS} s", why) from None
    if done.returncode:
        failure = engine.root / "output/failure"
        why = failure.read_text("utf-8") if failure.is_file() else done.stdout.strip()
        raise ContractError(f"train ended with exit code {done.returncode}", why)
    if not any(path.is_file() for path in (engine.root / "model").rglob("*")):
        raise ContractError("train left no model", "/opt/ml/model is empty")


def _rows(path: Path) -> list[list[str]]:
    """The rows without their labels."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = [row[1:] for row in csv.reader(file) if row]
    if not rows:
        raise ContractError(f"there is nothing to predict in {path}", "it has no rows")
    return rows


@contextlib.contextmanager
def _served(engine: Engine) -> Iterator[str]:
    """The name of a container that serves, until the block ends."""
    name = f"contract-test-{uuid.uuid4().hex[:12]}"
    try:
        started = engine.call(*engine.run("--detach", "--name", name), "serve")
        if started.returncode:
            raise ContractError("the container did not start", started.stdout.strip())
        yield name
    finally:
        engine.call("rm", "--force", name)


def _check_predictions(answers: list[tuple[int, str]], *, rows: int) -> None:
    (csv_status, as_lines), (json_status, as_json) = answers
    for kind, status, body in (
        ("text/csv", csv_status, as_lines),
        ("application/json", json_status, as_json),
    ):
        if status != 200:
            raise ContractError(f"/invocations answered {status} to {kind}", body.strip())
    lines = as_lines.splitlines()
    predictions = json.loads(as_json)["predictions"]
    if len(lines) != rows or len(predictions) != rows or not all(lines):
        why = f"{len(lines)} predictions as CSV and {len(predictions)} as JSON"
        raise ContractError(f"{rows} rows did not get a prediction each", why)


def _stopped(engine: Engine, name: str) -> str:
    engine.call("stop", "--time", str(_STOP_SECONDS), name)
    return engine.call("inspect", "--format", "{{.State.ExitCode}}", name).stdout.strip()


def _engine(wish: str | None) -> str:
    for program in (wish,) if wish else ("docker", "podman"):
        with contextlib.suppress(OSError):
            if subprocess.run([program, "info"], capture_output=True, check=False).returncode == 0:
                return program
    raise ContractError("no container engine answers", "the image can only be tried by one")


def main() -> int:
    """0 if the image does all of it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("image")
    parser.add_argument("--engine", default=os.environ.get("CONTAINER_ENGINE"))
    parser.add_argument("--train", type=Path, default=HERE / "sample/train.csv")
    parser.add_argument("--test", type=Path, default=HERE / "sample/test.csv")
    given = parser.parse_args()
    try:
        hyperparameters = json.loads(os.environ.get("HYPERPARAMETERS") or "{}")
        with tempfile.TemporaryDirectory(prefix="contract-test-") as folder:
            engine = Engine(program=_engine(given.engine), image=given.image, root=Path(folder))
            test(engine, train=given.train, held_out=given.test, hyperparameters=hyperparameters)
    except (ContractError, OSError, ValueError) as error:
        print(f"Error: {given.image} fails the contract test: {error}", file=sys.stderr)
        return 1
    print(f"{given.image} trains, predicts and ends as SageMaker asks.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
