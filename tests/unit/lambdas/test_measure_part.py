"""One part of the predictions: what it reads, what it writes, what it refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from evaluation import classification, storage
from evaluation.errors import MalformedPredictions, SampleRowTooLarge, TooManyClasses
from evaluation.partial import MAX_SAMPLE_ROW_BYTES
from measure_part.handler import handle
from moto import mock_aws
from plan_evaluation.handler import handle as plan_evaluation
from shared.fields import InvalidEventError

from tests.unit.lambdas import evaluation_steps as steps
from tests.unit.lambdas import events
from tests.unit.lambdas.predicted_objects import Objects, evaluate

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_EVENT = events.load("measure_part")


@pytest.fixture
def s3() -> Iterator[S3Client]:
    with mock_aws():
        yield steps.bucket()


def test_partial_result_counts_pairs_and_names_places(s3: S3Client) -> None:
    steps.put(s3, "a.out", b"a,1,a\n\na,2,b\n")
    plan_evaluation(events.load("plan_evaluation"), None)

    assert handle(_EVENT, None) == {}

    # Then it holds no rows, only where they stand: span, line, byte
    assert steps.get_json(s3, _EVENT["partialKey"]) == {
        "tally": {"pairs": [["a", "a", 1, []], ["a", "b", 1, [[0, 3, 7]]]]},
        "lines": [3],
        "first": [0, 1, 0],
        "width": 3,
        "sample": [0, 1, 0],
        "problem": "",
    }


def test_part_that_is_not_in_the_plan_is_refused(s3: S3Client) -> None:
    steps.put(s3, "a.out", b"a,1,a\n")
    plan_evaluation(events.load("plan_evaluation"), None)

    with pytest.raises(InvalidEventError, match="from 0 to 0; got 1"):
        handle({**_EVENT, "part": 1}, None)


@pytest.mark.parametrize("field", ["bucket", "planKey", "partialKey", "part", "task"])
def test_missing_field_names_itself(field: str) -> None:
    with pytest.raises(InvalidEventError, match=field):
        handle({**_EVENT, field: None}, None)


def test_unknown_task_names_those_that_there_are() -> None:
    with pytest.raises(InvalidEventError, match="classification, regression"):
        handle({**_EVENT, "task": "ranking"}, None)


def test_only_the_bytes_asked_for_are_read_in_small_pieces(
    s3: S3Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps.put(s3, "a.out", bytes(range(100)))
    monkeypatch.setattr(storage, "_PIECE_BYTES", 8)
    store = storage.Bucket(s3, steps.BUCKET)

    pieces = list(store.read(f"{steps.PREFIX}a.out", 10, 30))

    assert b"".join(pieces) == bytes(range(10, 30))
    assert max(map(len, pieces)) == 8


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        ([b"a,1,a", b"a,1"], "line 2 has 2 fields, the first row has 3"),
        ([b"a,1,a", b"", b"a,1,2,a"], "line 3 has 4 fields"),
        ([b"a"], "line 1 lacks"),
        ([b"a,a"], "line 1 lacks"),
        ([b"a,1, "], "line 1 lacks"),
        ([b",1,a"], "line 1 lacks"),
        ([b"a,1,a", b",1,a"], "line 2 lacks"),
        ([b'a,1,"a'], "line 1 is not valid CSV"),
        ([b"a,1,a", b"a,1\r2,a"], "line 2 is not valid CSV"),
        ([b"a,1,\xff"], "line 1 is not UTF-8"),
        ([b"a,1,a", b"a,\xff,a"], "line 2 is not UTF-8"),
    ],
)
def test_malformed_line_is_named(lines: list[bytes], complaint: str) -> None:
    with pytest.raises(MalformedPredictions, match=f"^p/test.csv.out, {complaint}"):
        evaluate(b"\n".join(lines))


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (b"x,1,2", "label"),
        (b"1,1,nan", "prediction"),
        (b"1,1,inf", "prediction"),
        (b"1e200,1,2", "label"),
        (b"1_0,1,2", "label"),
        ("٣,1,2".encode(), "label"),
    ],
)
@pytest.mark.parametrize("before", [0, 3])
def test_what_is_no_number_is_named(line: bytes, name: str, before: int) -> None:
    content = b"1,1,1\n" * before + line

    with pytest.raises(MalformedPredictions, match=f"line {before + 1} has a {name}") as raised:
        evaluate(content, task="regression")

    assert 'task = "classification"' in str(raised.value)


def test_a_width_that_changes_with_an_object_is_named() -> None:
    objects = Objects({"p/a.out": b"a,1,a\n", "p/b.out": b"\na,1,2,a\na,1,2,a\n"})

    with pytest.raises(MalformedPredictions, match=r"p/b\.out, line 2 has 4 fields, the first row"):
        objects.evaluate()


def test_the_first_of_several_problems_is_named() -> None:
    lines = b"a,1,a\n" * 5 + b"a,\n" + b"a,1,a\n" * 5 + b"a,1,\xff\n"

    for cuts in ([], [40], range(1, len(lines))):
        with pytest.raises(MalformedPredictions, match="line 6 has 2 fields"):
            evaluate(lines, cuts=cuts)


def test_more_pairs_than_a_matrix_is_good_for_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classification, "MAX_PAIRS", 10)
    labels = [b"%d,1,%d\n" % (i, i) for i in range(11)]

    assert evaluate(b"".join(labels[:10]) * 2).measures.rows == 20
    with pytest.raises(TooManyClasses, match='task = "regression"'):
        evaluate(b"".join(labels))
    # Also when no part alone has so many
    with pytest.raises(TooManyClasses):
        evaluate(b"".join(labels), cuts=[30])


def test_labels_too_long_for_the_memory_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classification, "MAX_PAIR_BYTES", 1000)

    with pytest.raises(TooManyClasses, match="1000 bytes"):
        evaluate(b"a" * 1000 + b",1,a\n")


def test_byte_order_mark_is_no_part_of_a_label() -> None:
    mark = b"\xef\xbb\xbf"
    objects = Objects({"p/a.out": mark + b"a,1,a\n" * 3, "p/b.out": mark + b"a,1,b\n" * 3})

    result = objects.evaluate(objects.plan(together=2))

    assert result.measures.cells == {("a", "a"): 3, ("a", "b"): 3}
    assert result.mistakes[0].actual == "a"


def test_row_too_large_for_the_workflow_is_not_the_sample() -> None:
    # 12 bytes of JSON each: what counts is what the workflow carries
    large = f"a,{chr(0x1F600) * (MAX_SAMPLE_ROW_BYTES // 12 + 1)},a\n".encode()
    small = b"a,7,b\n"

    result = evaluate(large * 2 + small, cuts=[len(large)], pieces=10_000)

    assert (result.sample.features, result.sample.prediction) == ("7", "b")
    with pytest.raises(SampleRowTooLarge, match="smaller row"):
        evaluate(large, pieces=10_000)


def test_a_partial_result_stays_small_whatever_the_data(s3: S3Client) -> None:
    # Given as many wrong rows as right ones, each with much text
    text = b"x" * 200
    rows = b"".join(b"%d,%s,%d\n" % (i % 30, text, i % 29) for i in range(5000))
    steps.put(s3, "a.out", rows)
    plan_evaluation(events.load("plan_evaluation"), None)

    handle(_EVENT, None)

    written = json.dumps(steps.get_json(s3, _EVENT["partialKey"]))
    assert len(written) < 50 * 30 * 30
