"""The plan: every byte in exactly one part, parts of about the same work, never too many."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from evaluation import plan as plan_module
from evaluation import storage
from evaluation.errors import NoPredictions, TooManyPredictionObjects
from evaluation.plan import MAX_PARTS, PART_BYTES, Plan, plan_parts
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws
from plan_evaluation.handler import handle
from shared.fields import InvalidEventError

from tests.unit.lambdas import evaluation_steps as steps
from tests.unit.lambdas import events

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_EVENT = events.load("plan_evaluation")
_MIB = 1024 * 1024


@pytest.fixture
def s3() -> Iterator[S3Client]:
    with mock_aws():
        yield steps.bucket()


def test_predictions_are_listed_and_the_plan_is_written(s3: S3Client) -> None:
    # Given two predictions, one of them empty, and what is none
    steps.put(s3, "a/iris.csv.out", b"a,1,a\n")
    steps.put(s3, "b.csv.out", b"")
    steps.put(s3, "evaluation.json", b"{}")

    answer = handle(_EVENT, None)

    key = f"{steps.PREFIX}a/iris.csv.out"
    assert answer == {
        "parts": 1,
        "objects": 2,
        "predictionKeys": [key, f"{steps.PREFIX}b.csv.out"],
    }
    written = steps.get_json(s3, _EVENT["planKey"])
    assert written["parts"] == [[{"key": key, "start": 0, "end": 6, "size": 6}]]


def test_keys_that_would_not_fit_are_only_counted(s3: S3Client) -> None:
    # Given keys that are short as S3 counts, and long as JSON does
    for i in range(10):
        steps.put(s3, f"{i}" + "\x01" * 900 + ".out", b"a,1,a\n")

    answer = handle(_EVENT, None)

    assert answer["objects"] == 10
    assert 1 <= len(answer["predictionKeys"]) < 10
    assert len(json.dumps(answer["predictionKeys"])) <= 16_000


def test_no_object_is_no_predictions(s3: S3Client) -> None:
    steps.put(s3, "test.csv", b"a,1,a\n")

    with pytest.raises(NoPredictions, match=f"s3://{steps.BUCKET}/{steps.PREFIX}"):
        handle(_EVENT, None)


def test_empty_objects_are_no_predictions(s3: S3Client) -> None:
    steps.put(s3, "test.csv.out", b"")

    with pytest.raises(NoPredictions, match="is empty"):
        handle(_EVENT, None)


def test_more_objects_than_can_be_planned_for_are_refused(
    s3: S3Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "MAX_OBJECTS", 2)
    for i in range(3):
        steps.put(s3, f"{i}.out", b"a,1,a\n")

    with pytest.raises(TooManyPredictionObjects, match="fewer, larger"):
        handle(_EVENT, None)


def test_names_too_long_for_a_plan_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_module, "MAX_PLAN_BYTES", 1000)
    plan = plan_parts([("k" * 1000, 1)])

    with pytest.raises(TooManyPredictionObjects, match="1000 bytes"):
        plan.encode()


@pytest.mark.parametrize("field", ["bucket", "predictionsPrefix", "planKey"])
def test_missing_field_names_itself(field: str) -> None:
    with pytest.raises(InvalidEventError, match=field):
        handle({**_EVENT, field: None}, None)


def test_a_large_object_is_cut_and_small_ones_stand_together() -> None:
    small = [(f"{i:03d}", 1000) for i in range(200)]

    plan = plan_parts([*small, ("large", 640 * _MIB)])

    # Then a part of small objects is bounded by the time that asking for each takes
    first, *others = plan.parts
    assert len(first) >= 100
    assert {span.key for part in others[1:] for span in part} == {"large"}
    assert len(plan.parts) == 11


def test_ever_more_data_never_makes_more_than_the_most_parts() -> None:
    plan = plan_parts([(f"{i}", 5000 * 1024 * _MIB) for i in range(3)])

    assert len(plan.parts) == MAX_PARTS == 500


_SIZES = st.lists(st.integers(0, 3 * PART_BYTES) | st.integers(0, 10), min_size=1, max_size=30)


@given(_SIZES, st.integers(1, 40))
def test_every_byte_is_in_exactly_one_part(sizes: list[int], most: int) -> None:
    objects = [(f"{i:02d}", size) for i, size in enumerate(sizes)]

    plan = plan_parts(objects, max_parts=most)

    assert len(plan.parts) <= most
    assert Plan.decode(plan.encode()) == plan
    spans = [span for part in plan.parts for span in part]
    for key, size in objects:
        own = [span for span in spans if span.key == key]
        edges = [(span.start, span.end) for span in own]
        assert all(start < end for start, end in edges)
        assert all(before[1] == after[0] for before, after in pairwise(edges))
        assert (edges[0][0], edges[-1][1]) == (0, size) if size else edges == []
        assert {span.size for span in own} <= {size}
    assert [span.key for span in spans] == sorted(span.key for span in spans)
    # No part has more than its share
    work = sum(size + 256 * 1024 for size in sizes if size)
    for part in plan.parts:
        assert sum(span.end - span.start for span in part) <= max(work / most, PART_BYTES) + 1


@given(_SIZES)
def test_sampled_bytes_are_spread_evenly_and_inside_of_their_objects(sizes: list[int]) -> None:
    objects = [(f"{i:02d}", size) for i, size in enumerate(sizes)]
    starts = {key: sum(sizes[: int(key)]) for key, _ in objects}
    total = sum(sizes)

    sampled = plan_parts(objects).sampled

    assert len(sampled) == min(200, total)
    positions = [starts[key] + offset for key, offset in sampled]
    assert positions == sorted(set(positions))
    assert all(0 <= offset < dict(objects)[key] for key, offset in sampled)
    assert all(b - a <= total / 200 + 1 for a, b in pairwise([0, *positions, total]))


@pytest.mark.parametrize("cost", [0, 256 * 1024])
def test_cuts_do_not_move_the_sample(cost: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_module, "_OBJECT_COST", cost)
    objects = [("a", 100_000), ("b", 7)]

    assert plan_parts(objects, part_bytes=1000).sampled == plan_parts(objects).sampled
