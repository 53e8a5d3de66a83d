"""`python -m local` from outside: what other programs use of it, and that it leaves nothing."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from local.git import without_git
from local.release import wait_for
from tests.e2e.processes import mentioning
from tests.e2e.tree import commit_tree

_FOREIGN = {"AWS_PROFILE": "mine", "AWS_SESSION_TOKEN": "mine", "AWS_REGION": "eu-north-1"}

# Drives the cloud with nothing but the exported variables and boto3.
_CLIENT = """\
import json, os, time, urllib.parse, urllib.request
import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

def mails():
    with urllib.request.urlopen(os.environ["INBOX_URL"] + "/messages") as answer:
        return json.load(answer)

def until(look, seconds=90):
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < deadline, mails()
        time.sleep(0.3)
    return seen

def approval_link():
    links = [
        word
        for mail in mails()
        for word in mail["body"].split()
        if word.startswith("http") and "/approvals/" in word
    ]
    return links and links[0]  # one approver is enough

def post(url, body, headers):
    with urllib.request.urlopen(urllib.request.Request(url, body.encode(), headers)) as answer:
        return answer.read().decode()

data = boto3.client("s3").list_objects_v2(Bucket=os.environ["DATA_BUCKET"])["Contents"]
states = boto3.client("stepfunctions")
execution = states.start_execution(
    stateMachineArn=os.environ["STATE_MACHINE_ARN"],
    input=json.dumps(
        {"commitID": os.environ["COMMIT_TAG"], "imageUri": os.environ["IMAGE_URI"]}
    ),
)["executionArn"]
form = urllib.parse.urlencode({"decision": "approve", "reason": "Good"})
post(until(approval_link), form, {"Content-Type": "application/x-www-form-urlencoded"})
outcome = until(
    lambda: (found := states.describe_execution(executionArn=execution))["status"] != "RUNNING"
    and found
)
url, body = os.environ["INFERENCE_URL"], json.dumps({"data": "5.9,3,5.1,1.8"})
request = AWSRequest("POST", url, data=body, headers={"Content-Type": "application/json"})
session = boto3.session.Session()
SigV4Auth(session.get_credentials(), "execute-api", session.region_name).add_auth(request)
print(json.dumps({
    "keys": [item["Key"] for item in data],
    "status": outcome["status"],
    "prediction": json.loads(post(url, body, dict(request.headers.items()))),
    "mails": mails(),
}))
"""


@dataclass(frozen=True, kw_only=True)
class CommandLine:
    """`python -m local` in a tree whose HEAD is the sample model, with a folder of its own."""

    tree: Path
    state_dir: Path

    def environment(self) -> dict[str, str]:
        """As a person's shell, with credentials of another account in it."""
        own = {"LOCAL_STATE_DIR": str(self.state_dir), "ENGINE": "none"}
        return {**without_git(os.environ), **_FOREIGN, **own}

    def run(self, verb: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a verb to its end."""
        return subprocess.run(
            [sys.executable, "-m", "local", verb],
            cwd=self.tree,
            env={**self.environment(), **more},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    def start(self, verb: str) -> subprocess.Popen[bytes]:
        """Start a verb in a process group of its own, as a shell does; its text is `output`."""
        # A program that was itself started in the background may ignore Ctrl-C, and hand that on.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            with (self.state_dir / "output").open("wb") as file:
                return subprocess.Popen(
                    [sys.executable, "-m", "local", verb],
                    cwd=self.tree,
                    env=self.environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=file,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        finally:
            signal.signal(signal.SIGINT, before)

    def said(self, log: str) -> str:
        """What is in a file of the cloud's folder by now."""
        path = self.state_dir / log
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def left(self) -> list[int]:
        """Processes that still know of this folder."""
        return mentioning(str(self.state_dir))


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A git repository of its own: the verbs release HEAD, under the root's settings.toml."""
    if shutil.which("git") is None:
        pytest.skip("no git on PATH: install it to test the verbs that release HEAD")
    made = tmp_path_factory.mktemp("repository") / "tree"
    commit_tree(made)
    return made


@pytest.fixture
def command_line(tmp_path: Path, tree: Path, environments: Path) -> Iterator[CommandLine]:
    """The command line; whatever a failed test leaves running is stopped."""
    state_dir = tmp_path / "local"
    state_dir.mkdir()
    (state_dir / "environments").symlink_to(environments)
    made = CommandLine(tree=tree, state_dir=state_dir)
    yield made
    made.run("down")
    wait_for(lambda: not made.left(), seconds=90, what="the end of every process")


def test_any_aws_client_can_drive_the_cloud(command_line: CommandLine) -> None:
    # Given a cloud that is up
    up = command_line.run("up")
    assert up.returncode == 0, up.stderr
    env = command_line.state_dir / "env"
    # When another program sources its variables, and knows nothing else
    drive = subprocess.run(
        ["bash", "-c", f'set -eu; . "{env}"; exec "$0" -c "$1"', sys.executable, _CLIENT],
        env={**command_line.environment(), "AWS_ACCESS_KEY_ID": "mine"},
        cwd=command_line.state_dir,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    # Then it can release, decide and predict
    assert drive.returncode == 0, drive.stderr
    seen = json.loads(drive.stdout)
    assert seen["keys"] == ["test/iris.csv", "train/iris.csv"]
    assert (seen["status"], seen["prediction"]) == ("SUCCEEDED", {"result": "virginica"})
    assert set(seen["mails"][0]) == {"to", "subject", "body", "receivedAt"}
    times = [mail["receivedAt"] for mail in seen["mails"]]
    assert times == sorted(times)
    # And a release that a person rejects ends well
    release = command_line.run("release", DECISION="reject")
    assert release.returncode == 0, release.stdout + release.stderr
    assert "was rejected, and nothing was deployed" in release.stdout
    # And the decisions can be read afterwards, newest first
    decisions = subprocess.run(
        ["bash", "-c", f'. "{env}"; exec "$0" -m operate decisions --json', sys.executable],
        env=command_line.environment(),
        cwd=command_line.tree,
        capture_output=True,
        text=True,
        check=True,
    )
    rejected, approved = json.loads(decisions.stdout)
    assert (rejected["status"], approved["status"]) == ("REJECTED", "APPROVED")
    assert (approved["reason"], len(approved["decidedBy"])) == ("Good", 1)
    assert rejected["reason"] == "Decided by DECISION=reject"
    # And the cloud ends
    assert command_line.run("down").returncode == 0
    assert not env.exists()
    wait_for(lambda: not command_line.left(), seconds=90, what="the end of every process")
    assert "does not run" in command_line.run("down").stdout


@pytest.mark.parametrize(
    ("log", "moment"),
    [
        ("output", "Starting the local cloud"),
        ("cdk.log", "CREATE_IN_PROGRESS"),
        ("output", "-> Train the model"),
    ],
)
def test_ctrl_c_leaves_nothing_running(command_line: CommandLine, log: str, moment: str) -> None:
    # Given a demo that is under way
    demo = command_line.start("demo")
    try:
        wait_for(
            lambda: demo.poll() is not None or moment in command_line.said(log),
            seconds=120,
            what=moment,
        )
        assert demo.poll() is None, command_line.said("output")
        # When a person presses Ctrl-C, which the terminal sends to the whole group
        os.killpg(demo.pid, signal.SIGINT)
        code = demo.wait(60)
    finally:
        demo.kill()
        demo.wait()
    # Then it says so and nothing runs any more
    text = command_line.said("output")
    assert code == 130, text
    assert text.rstrip().endswith("Stopped."), text
    assert "Traceback" not in text
    assert not (command_line.state_dir / "env").exists()
    wait_for(lambda: not command_line.left(), seconds=90, what="the end of every process")


def test_verbs_without_a_cloud_say_what_to_do(command_line: CommandLine) -> None:
    release = command_line.run("release")
    assert release.returncode == 1
    for part in ("does not run", "run `make up` first"):
        assert part in release.stderr
    wrong = command_line.run("demo", DECISION="perhaps")
    assert wrong.returncode == 1
    assert "use DECISION=approve or reject" in wrong.stderr
    unknown = command_line.run("up", ENGINE="rocket")
    assert unknown.returncode == 1
    assert "ENGINE=auto, none, docker or podman" in unknown.stderr
