"""New data starts a release with the image that serves: one for many files, one at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.deployment import deploy
from local.release import Release, decide, wait_for
from local.running_cloud import RunningCloud
from tests.e2e.system import ADA, PATIENCE_SECONDS, System
from tests.e2e.tree import SAMPLE, settings_with

_FILES = 100
_ROWS = (SAMPLE / "train.csv").read_text(encoding="utf-8").splitlines()
# Real seconds are a thirtieth of it. AWS hides a message for a quarter of an hour.
_LOOK_AGAIN_SECONDS = "150"


@pytest.fixture(scope="module")
def retraining(tmp_path_factory: pytest.TempPathFactory, environments: Path) -> Iterator[System]:
    """A cloud of its own that listens to new data and, once a week, to the time."""
    state_dir = tmp_path_factory.mktemp("retraining")
    (state_dir / "environments").symlink_to(environments)
    changes = {
        "on_new_data = false": "on_new_data = true",
        'schedule = ""': 'schedule = "rate(7 days)"',
    }
    cloud = RunningCloud.start(state_dir, engine=None)
    try:
        made = System(
            cloud=cloud, deployment=deploy(cloud, settings=settings_with(state_dir, changes))
        )
        made.put_iris()
        sqs = made.client("sqs")
        sqs.set_queue_attributes(
            QueueUrl=_queue(made), Attributes={"VisibilityTimeout": _LOOK_AGAIN_SECONDS}
        )
        yield made
    finally:
        cloud.stop()


def _queue(system: System) -> str:
    """The queue that keeps events back."""
    urls: list[str] = system.client("sqs").list_queues()["QueueUrls"]
    [url] = [url for url in urls if "RetrainingQueue" in url]
    return url


def _executions(system: System) -> list[dict[str, Any]]:
    """Every execution with its input, oldest first."""
    states = system.client("stepfunctions")
    pages = states.get_paginator("list_executions").paginate(
        stateMachineArn=system.deployment.state_machine_arn
    )
    arns = [one["executionArn"] for page in pages for one in page["executions"]]
    found = [states.describe_execution(executionArn=arn) for arn in arns]
    return sorted(found, key=lambda one: one["startDate"])


def _started(system: System, number: int) -> Release:
    """The execution that is the so-manieth of all, as soon as it is there."""
    wait_for(
        lambda: len(_executions(system)) >= number,
        seconds=PATIENCE_SECONDS,
        what=f"execution {number}",
    )
    return Release(system.cloud, execution_arn=_executions(system)[number - 1]["executionArn"])


def _quiet(system: System) -> None:
    """Wait until no message waits, is kept back, or is worked on."""
    names = [f"ApproximateNumberOfMessages{suffix}" for suffix in ("", "Delayed", "NotVisible")]

    def empty() -> bool:
        told = system.client("sqs").get_queue_attributes(
            QueueUrl=_queue(system), AttributeNames=names
        )["Attributes"]
        return not any(int(told[name]) for name in names)

    wait_for(empty, seconds=PATIENCE_SECONDS, what="an empty queue")


def _put(system: System, name: str, rows: list[str]) -> None:
    system.client("s3").put_object(
        Bucket=system.deployment.data_bucket, Key=f"train/{name}", Body="\n".join(rows).encode()
    )


def test_new_data_is_released_once_with_the_live_image(retraining: System) -> None:
    # Given data that came before anything serves: it starts nothing
    _quiet(retraining)
    assert _executions(retraining) == []
    # And a first release, of a commit
    image = retraining.push("the sample model")
    first = retraining.approved(retraining.release(image))
    assert first.status == "SUCCEEDED", first
    live = {"commitID": first.output["commitId"], "imageUri": first.output["imageUri"]}

    # When many files come
    for number in range(_FILES):
        _put(retraining, f"more/{number:03}.csv", [_ROWS[number % len(_ROWS)]])
    second = _started(retraining, 2)
    link = second.wait_for_approval_link(ADA)

    # Then one release is made of all of them, with the image that serves
    assert json.loads(_executions(retraining)[1]["input"]) == {**live, "trigger": "data"}
    assert retraining.evidence(second)["data"]["trainObjects"] == _FILES + 1

    # When one more comes, and one goes, while that one waits for people
    _put(retraining, "late.csv", _ROWS[:3])
    retraining.client("s3").delete_object(
        Bucket=retraining.deployment.data_bucket, Key="train/more/000.csv"
    )
    decide(link, decision="approve", reason="Good on all classes")
    assert retraining.ended(second).status == "SUCCEEDED"

    # Then it is released after that one
    third = _started(retraining, 3)
    _, before, after = _executions(retraining)
    assert after["startDate"] >= before["stopDate"]
    assert json.loads(after["input"]) == {**live, "trigger": "data"}
    assert after["name"] != before["name"]

    # When it fails, then the same data is not tried again
    third.abort()
    _quiet(retraining)
    assert len(_executions(retraining)) == 3

    # But when it is time: here unchanged data is trained on again
    scheduled = {"source": "aws.events", "time": "2026-11-30T06:00:00Z"}
    retraining.client("sqs").send_message(
        QueueUrl=_queue(retraining), MessageBody=json.dumps(scheduled), DelaySeconds=0
    )
    fourth = _started(retraining, 4)
    last = _executions(retraining)[3]
    assert last["name"] == "schedule-20261130T060000Z"
    assert json.loads(last["input"]) == {**live, "trigger": "schedule"}
    fourth.abort()
