"""New data and time: what the function looks at, what it starts, and what it leaves for later."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

import pytest
from retrain import handler as retrain
from retrain.handler import handle
from retrain.live import UnknownLiveModel
from retrain.training_data import look
from shared import aws
from shared.environment import InvalidEnvironmentError
from shared.fields import InvalidEventError
from shared.transient import TransientError

from tests.unit.lambdas import events
from tests.unit.lambdas.live_report import emulated_bucket
from tests.unit.lambdas.sagemaker_account import MACHINE, error
from tests.unit.lambdas.sagemaker_answers import SageMaker

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_BUCKET = "release-data"
_IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/iris@sha256:" + "ab" * 32
_TIME = events.load("retrain_schedule")


def _new_data() -> dict[str, Any]:
    """The event as if it had been sent after all that the tests upload."""
    event = events.load("retrain_new_data")
    for seconds, record in enumerate(event["Records"]):
        sent = datetime.now(UTC) + timedelta(hours=1, seconds=seconds)
        record["attributes"]["SentTimestamp"] = str(int(sent.timestamp() * 1000))
    return event


_NEW = _new_data()
_LAST = _NEW["Records"][-1]["messageId"]


class ExecutionAlreadyExists(Exception):  # noqa: N818 - AWS's name
    """As boto3's."""


@dataclass
class States:
    """Step Functions. looks are the executions that run, look by look; the last one stays."""

    ExecutionAlreadyExists = ExecutionAlreadyExists
    looks: list[list[str]] = field(default_factory=lambda: [[]])
    started: dict[str, Any] = field(default_factory=dict)
    failure: Exception | None = None

    @property
    def exceptions(self) -> States:
        """Its exceptions."""
        return self

    def get_paginator(self, operation: str) -> States:
        """Pages of executions: none on the first."""
        assert operation == "list_executions"
        return self

    def paginate(self, **request: str) -> Iterator[dict[str, Any]]:
        """As boto3's."""
        assert request == {"stateMachineArn": MACHINE, "statusFilter": "RUNNING"}
        if self.failure:
            raise self.failure
        running = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        yield {"executions": []}
        yield {"executions": [{"executionArn": name} for name in running]}

    def start_execution(self, *, stateMachineArn: str, name: str, input: str) -> None:  # noqa: N803
        """As Step Functions: a name is taken once."""
        assert stateMachineArn == MACHINE
        if name in self.started:
            raise ExecutionAlreadyExists
        self.started[name] = json.loads(input)


@pytest.fixture
def s3(sagemaker: SageMaker) -> Iterator[S3Client]:  # noqa: ARG001 - stubbed before moto begins
    """The bucket with one file."""
    with emulated_bucket(_BUCKET) as client:
        client.put_bucket_versioning(Bucket=_BUCKET, VersioningConfiguration={"Status": "Enabled"})
        client.put_object(Bucket=_BUCKET, Key="train/a.csv", Body=b"a,1\n")
        yield client


@pytest.fixture
def states(monkeypatch: pytest.MonkeyPatch) -> States:
    for name, value in {
        "DATA_BUCKET": _BUCKET,
        "TRAIN_PREFIX": "train/",
        "ENDPOINT_NAME": "iris",
        "STATE_MACHINE_ARN": MACHINE,
        "SKIP_UNCHANGED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    made = States()
    monkeypatch.setattr(aws, "stepfunctions", lambda: made)
    monkeypatch.setattr(retrain, "_PAUSE_SECONDS", 0)
    return made


@pytest.fixture
def live(sagemaker: SageMaker) -> Callable[..., None]:
    """Let a version serve whose training data had this version."""

    def serve(train_version: str = "000000000000", **changes: str) -> None:
        properties = {"commit": "0f9e8d7c", "trainVersion": train_version, **changes}
        known = {name: value for name, value in properties.items() if value}
        sagemaker.released().version(image_uri=_IMAGE, **known)

    return serve


def _again(event: dict[str, Any]) -> list[str]:
    answer = handle(event, None)
    assert set(answer) == {"batchItemFailures"}
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def test_new_data_starts_one_release_with_the_live_image(
    states: States, s3: S3Client, live: Callable[..., None]
) -> None:
    live()

    assert _again(_NEW) == []

    [(name, given)] = states.started.items()
    assert given == {"commitID": "0f9e8d7c", "imageUri": _IMAGE, "trigger": "data"}
    assert look(s3, bucket=_BUCKET, prefix="train/").version in name


def test_the_same_is_not_tried_again(
    states: States, s3: S3Client, live: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    del s3
    for _ in range(2):  # Also after the release has failed: the live model is the same.
        live()
        assert _again(_NEW) == []

    assert len(states.started) == 1
    assert '"this has been tried already"' in capsys.readouterr().out


def test_data_of_the_live_model_starts_nothing(
    states: States, s3: S3Client, live: Callable[..., None]
) -> None:
    for event in (_NEW, _TIME):
        live(look(s3, bucket=_BUCKET, prefix="train/").version)
        assert _again(event) == []

    assert states.started == {}


def test_while_a_release_runs_one_message_asks_for_later(states: States) -> None:
    states.looks = [["running"]]
    both = {"Records": _NEW["Records"] + _TIME["Records"]}

    assert _again(_NEW) == [_LAST]
    assert _again(both) == [_LAST, _TIME["Records"][0]["messageId"]]
    assert states.started == {}


def test_a_release_that_has_just_begun_goes_first(
    states: States, s3: S3Client, live: Callable[..., None]
) -> None:
    del s3
    live()
    states.looks = [[], ["of a commit"]]

    assert _again(_NEW) == [_LAST]
    assert states.started == {}


def test_before_the_first_release_there_is_no_image(states: States, sagemaker: SageMaker) -> None:
    sagemaker.error("describe_endpoint", "ValidationException", 'Could not find endpoint "iris".')

    assert _again(_NEW) == []
    assert states.started == {}


def test_an_endpoint_that_does_not_serve_is_waited_for(
    states: States, sagemaker: SageMaker
) -> None:
    sagemaker.endpoint("Failed")

    assert _again(_NEW) == [_LAST]
    assert states.started == {}


def test_what_serves_without_a_version_is_an_error(states: States, sagemaker: SageMaker) -> None:
    sagemaker.endpoint().configuration(commit="0f9e8d7c")

    with pytest.raises(UnknownLiveModel, match="Release a commit"):
        handle(_NEW, None)
    assert states.started == {}


def test_a_version_that_names_no_commit_is_an_error(
    states: States, live: Callable[..., None]
) -> None:
    live(commit="")

    with pytest.raises(UnknownLiveModel, match="does not say its image and commit"):
        handle(_NEW, None)
    assert states.started == {}


def test_a_fault_of_aws_is_left_to_the_queue(states: States) -> None:
    states.failure = error("ListExecutions", "Rate exceeded", code="ThrottlingException")

    with pytest.raises(TransientError):
        handle(_NEW, None)


def test_what_is_no_event_of_ours_is_dropped_and_said(
    states: States, capsys: pytest.CaptureFixture[str]
) -> None:
    record = _NEW["Records"][0]
    strange = ["no JSON", "[]", "{}", '{"source": "aws.ec2"}', '{"source": "aws.events"}']

    assert _again({"Records": [{**record, "body": body} for body in strange]}) == []
    assert capsys.readouterr().out.count('"strangeMessage"') == len(strange)
    assert states.started == {}


@pytest.mark.parametrize("event", [{}, {"Records": [{}]}])
def test_what_is_no_batch_is_refused(event: dict[str, Any]) -> None:
    with pytest.raises(InvalidEventError):
        handle(event, None)


def test_folders_and_older_versions_are_no_data_but_deletions_are_changes(s3: S3Client) -> None:
    before = look(s3, bucket=_BUCKET, prefix="train/")
    s3.put_object(Bucket=_BUCKET, Key="train/more/", Body=b"")
    s3.put_object(Bucket=_BUCKET, Key="test/b.csv", Body=b"b,1\n")
    assert look(s3, bucket=_BUCKET, prefix="train/") == before

    s3.put_object(Bucket=_BUCKET, Key="train/a.csv", Body=b"a,1\na,2\n")
    changed = look(s3, bucket=_BUCKET, prefix="train/")
    assert changed.size == 8
    assert changed.version != before.version
    assert changed.changed_at == _newest(s3, "Versions")

    s3.delete_object(Bucket=_BUCKET, Key="train/a.csv")
    gone = look(s3, bucket=_BUCKET, prefix="train/")
    assert (gone.size, gone.changed_at) == (0, _newest(s3, "DeleteMarkers"))


def _newest(s3: S3Client, kind: Literal["Versions", "DeleteMarkers"]) -> datetime:
    listed = s3.list_object_versions(Bucket=_BUCKET, Prefix="train/a.csv")
    return max(item["LastModified"] for item in listed[kind])


def test_while_data_comes_one_message_asks_for_later(
    states: States, s3: S3Client, live: Callable[..., None]
) -> None:
    del s3
    live()
    early = events.load("retrain_new_data")
    for record in early["Records"]:
        record["attributes"]["SentTimestamp"] = "1764478800000"  # Long before the file came.

    assert len(_again(early)) == 1
    assert states.started == {}


@pytest.mark.parametrize(("name", "value"), [("SKIP_UNCHANGED", "yes"), ("DATA_BUCKET", "")])
def test_a_wrong_variable_is_named(
    states: States, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    del states
    monkeypatch.setenv(name, value)

    with pytest.raises(InvalidEnvironmentError, match=name):
        handle(_NEW, None)
