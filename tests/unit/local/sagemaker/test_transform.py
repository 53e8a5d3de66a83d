"""Batch transform jobs against a model that really serves."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.local.sagemaker.conftest import Room

CSV = {"ContentType": "text/csv", "SplitType": "Line"}
LINES = {"Accept": "text/csv", "AssembleWith": "Line"}


def start(room: Room, **changes: Any) -> None:  # noqa: ANN401 - members of a request
    arguments: dict[str, Any] = {
        "TransformJobName": "T-1",
        "ModelName": "m1",
        "TransformInput": {**CSV, **changes.pop("given", {})},
        "TransformOutput": {
            "S3OutputPath": "s3://data/out/T-1/",
            **changes.pop("output", LINES),
        },
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        **changes,
    }
    source = {"S3DataType": "S3Prefix", "S3Uri": "s3://data/test"}
    arguments["TransformInput"].setdefault("DataSource", {"S3DataSource": source})
    room.sagemaker.create_transform_job(**arguments)


def finish(room: Room) -> dict[str, Any]:
    return room.until(
        lambda: room.sagemaker.describe_transform_job(TransformJobName="T-1"),
        lambda job: job["TransformJobStatus"] in ("Completed", "Failed", "Stopped"),
    )


def put(room: Room, text: str, key: str = "test/iris.csv") -> None:
    room.s3.objects["data", key] = text.encode()


def output(room: Room, key: str = "iris.csv.out") -> str:
    return room.s3.objects["data", f"out/T-1/{key}"].decode()


def test_every_file_below_the_prefix_gets_an_output_beside_it(room: Room) -> None:
    room.model()
    put(room, "1,2\n3,4\n")
    put(room, "5,6", key="test/more/a.csv")
    start(room)
    job = finish(room)
    assert job["TransformJobStatus"] == "Completed", job
    assert output(room) == "1+2\n3+4\n"
    assert output(room, "more/a.csv.out") == "5+6\n"
    assert job["CreationTime"] <= job["TransformStartTime"] <= job["TransformEndTime"]
    assert job["ModelName"] == "m1"


def test_the_label_is_dropped_for_the_model_and_kept_beside_the_prediction(room: Room) -> None:
    room.model()
    put(room, "rose,1,2\ntulip,3,4\n")
    processing = {"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0,-1]"}
    start(room, DataProcessing=processing)
    assert finish(room)["TransformJobStatus"] == "Completed"
    assert output(room) == "rose,1+2\ntulip,3+4\n"


def test_json_lines_get_the_prediction_as_an_attribute(room: Room) -> None:
    room.model()
    put(room, '{"id":1,"x":5}\n{"id":2,"x":6}\n')
    start(
        room,
        given={"ContentType": "application/jsonlines"},
        output={"Accept": "application/jsonlines", "AssembleWith": "Line"},
        DataProcessing={"JoinSource": "Input", "OutputFilter": "$['id','SageMakerOutput']"},
    )
    assert finish(room)["TransformJobStatus"] == "Completed"
    lines = [json.loads(line) for line in output(room).splitlines()]
    assert lines == [
        {"id": 1, "SageMakerOutput": {"label": 5}},
        {"id": 2, "SageMakerOutput": {"label": 6}},
    ]


@pytest.mark.parametrize(("strategy", "expected"), [("SingleRecord", "1"), ("MultiRecord", "3")])
def test_the_strategy_decides_how_many_records_a_request_has(
    room: Room, strategy: str, expected: str
) -> None:
    room.model(MODE="count")
    put(room, "a\nb\nc\n")
    start(room, BatchStrategy=strategy)
    assert finish(room)["TransformJobStatus"] == "Completed"
    assert output(room).split() == [expected] * 3


def test_payload_limit_cuts_requests(room: Room) -> None:
    room.model(MODE="count")
    line = "x" * (400 * 1024)
    put(room, f"{line}\n" * 5)
    start(room, MaxPayloadInMB=1)
    assert finish(room)["TransformJobStatus"] == "Completed"
    assert output(room).split() == ["2", "2", "2", "2", "1"]


def test_an_unsplit_file_is_one_request(room: Room) -> None:
    room.model(MODE="count")
    put(room, "a\nb\n")
    start(room, given={"SplitType": "None"}, output={})
    assert finish(room)["TransformJobStatus"] == "Completed"
    assert output(room) == "2\n2\n"


def test_concurrency_keeps_the_order_and_its_limit(room: Room) -> None:
    room.model(MODE="slow")
    put(room, "".join(f"row {number}\n" for number in range(8)))
    put(room, "who\n", key="test/z.csv")
    start(room, BatchStrategy="SingleRecord", MaxConcurrentTransforms=4)
    assert finish(room)["TransformJobStatus"] == "Completed"
    assert output(room).splitlines() == [f"row {number}" for number in range(8)]
    assert 2 <= json.loads(output(room, "z.csv.out"))["most"] <= 4


def test_the_container_learns_what_the_request_asks_for(room: Room) -> None:
    room.model()
    put(room, "who\n")
    start(
        room,
        Environment={"TEAM": "flowers"},
        BatchStrategy="SingleRecord",
        MaxPayloadInMB=2,
        MaxConcurrentTransforms=3,
    )
    assert finish(room)["TransformJobStatus"] == "Completed"
    seen = json.loads(output(room))
    environment = {k: v for k, v in seen["environment"].items() if k.startswith("SAGEMAKER_")}
    del environment["SAGEMAKER_BIND_TO_PORT"]
    assert environment == {
        "SAGEMAKER_BATCH": "true",
        "SAGEMAKER_BATCH_STRATEGY": "SINGLE_RECORD",
        "SAGEMAKER_MAX_PAYLOAD_IN_MB": "2",
        "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": "3",
    }
    assert seen["environment"]["TEAM"] == "flowers"
    assert seen["headers"]["Content-Type"] == "text/csv"
    assert seen["headers"]["Accept"] == "text/csv"


def test_the_containers_wishes_hold_where_the_request_is_silent(room: Room) -> None:
    wishes = '{"MaxConcurrentTransforms": 2, "BatchStrategy": "SINGLE_RECORD", "MaxPayloadInMB": 1}'
    room.model(MODE="count", WISHES=wishes)
    put(room, "a\nb\n")
    start(room)
    assert finish(room)["TransformJobStatus"] == "Completed"
    assert output(room).split() == ["1", "1"]


def test_a_passing_error_is_tried_again(room: Room) -> None:
    room.model()
    put(room, "flaky,1\n")
    start(room)
    assert finish(room)["TransformJobStatus"] == "Completed"
    assert output(room) == "flaky+1\n"


@pytest.mark.parametrize(
    ("rows", "reason", "logged"),
    [
        ("refuse\n", "ClientError: See job logs for more information", "cannot read this row"),
        ("crash\n", "AlgorithmError: See job logs for more information", "division by zero"),
    ],
)
def test_an_error_answer_fails_the_job(room: Room, rows: str, reason: str, logged: str) -> None:
    room.model()
    put(room, rows)
    start(room)
    job = finish(room)
    assert job["TransformJobStatus"] == "Failed"
    assert job["FailureReason"] == reason
    assert logged in room.log("transform-jobs", "T-1")
    assert ("data", "out/T-1/iris.csv.out") not in room.s3.objects


@pytest.mark.parametrize("mode", ["sick", "exit"])
def test_a_model_that_never_gets_healthy_fails_the_job(room: Room, mode: str) -> None:
    room.model(MODE=mode)
    put(room, "1\n")
    start(room)
    assert finish(room)["FailureReason"] == "AlgorithmError: See job logs for more information"
    assert "Not healthy" in room.log("transform-jobs", "T-1")


@pytest.mark.parametrize(
    ("rows", "processing", "logged"),
    [
        ("a,b\n", {"InputFilter": "$[5]"}, "does not fit the record"),
        ("short\nx\n", {"JoinSource": "Input"}, "answered 1 records for 2 sent"),
    ],
)
def test_records_that_do_not_fit_fail_the_job(
    room: Room, rows: str, processing: dict[str, str], logged: str
) -> None:
    room.model()
    put(room, rows)
    start(room, DataProcessing=processing)
    assert finish(room)["FailureReason"] == "ClientError: See job logs for more information"
    assert logged in room.log("transform-jobs", "T-1")


def test_no_input_fails_the_job(room: Room) -> None:
    room.model()
    start(room)
    assert "No S3 objects found under S3 URL" in finish(room)["FailureReason"]


def test_stop_ends_a_request_under_way(room: Room) -> None:
    room.model()
    put(room, "sleep\n")
    start(room)
    room.until(
        lambda: room.sagemaker.describe_transform_job(TransformJobName="T-1"),
        lambda job: "TransformStartTime" in job,
    )
    room.sagemaker.stop_transform_job(TransformJobName="T-1")
    assert finish(room)["TransformJobStatus"] == "Stopped"
    with pytest.raises(ClientError, match="the transform job is in status Stopped"):
        room.sagemaker.stop_transform_job(TransformJobName="T-1")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ModelName": "none"}, "Could not find model"),
        ({"given": {"SplitType": "RecordIO"}}, "use Line or None"),
        ({"MaxPayloadInMB": 101}, "cannot be greater than 100"),
        ({"MaxPayloadInMB": 60, "MaxConcurrentTransforms": 2}, "cannot exceed 100 MB"),
        ({"DataProcessing": {"InputFilter": "1:"}}, "InputFilter: .* must begin with"),
        ({"DataProcessing": {"InputFilter": "$.x"}}, "CSV columns are selected by index"),
        ({"DataProcessing": {"JoinSource": "Input"}, "output": {"Accept": "text/csv"}},
         "needs the same AssembleWith as SplitType"),
        ({"DataProcessing": {"JoinSource": "Input"},
          "output": {"Accept": "application/jsonlines", "AssembleWith": "Line"}},
         "needs the same Accept as ContentType"),
        ({"DataProcessing": {"InputFilter": "$[0]"}, "given": {"ContentType": "image/png"}},
         "needs a ContentType of"),
        ({"DataProcessing": {"InputFilter": "$[0]"}, "given": {"SplitType": "None"}},
         "needs SplitType Line"),
    ],
)  # fmt: skip
def test_what_cannot_work_is_refused_at_once(
    room: Room, changes: dict[str, Any], message: str
) -> None:
    room.model()
    with pytest.raises(ClientError, match=message):
        start(room, **changes)


def test_names_are_unique(room: Room) -> None:
    room.model()
    put(room, "1\n")
    start(room)
    with pytest.raises(ClientError) as refused:
        start(room)
    assert refused.value.response["Error"]["Code"] == "ResourceInUse"
    finish(room)
