"""The version of the data: it changes with the data, and with nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inspect_data.handler import NoHeldOutData, NoTrainingData, handle
from moto import mock_aws
from shared.data_objects import DataObject, data_version
from shared.evidence import DataVersion
from shared.fields import InvalidEventError

from tests.unit.lambdas import events

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_EVENT = events.load("inspect_data")
_BUCKET = _EVENT["bucket"]


@pytest.fixture(params=["versioned", "unversioned"])
def s3(request: pytest.FixtureRequest) -> Iterator[S3Client]:
    """A bucket with one object of each kind of data."""
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(
            Bucket=_BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        if request.param == "versioned":
            client.put_bucket_versioning(
                Bucket=_BUCKET, VersioningConfiguration={"Status": "Enabled"}
            )
        _put(client, "train/a.csv", b"a,1\n")
        _put(client, "test/a.csv", b"a,2\n")
        yield client


def _put(s3: S3Client, key: str, content: bytes) -> None:
    s3.put_object(Bucket=_BUCKET, Key=key, Body=content)


def _look() -> DataVersion:
    return DataVersion.from_json(handle(_EVENT, None))


def _manifest(s3: S3Client) -> dict[str, Any]:
    answer = s3.get_object(Bucket=_BUCKET, Key=_EVENT["manifestKey"])
    manifest: dict[str, Any] = json.loads(answer["Body"].read())
    return manifest


def test_where_nothing_is_trained_no_training_data_is_looked_for(s3: S3Client) -> None:
    s3.delete_object(Bucket=_BUCKET, Key="train/a.csv")

    data = handle({name: _EVENT[name] for name in _EVENT if name != "trainPrefix"}, None)

    assert (data["trainObjects"], data["testObjects"]) == (0, 1)


def test_data_is_counted_and_listed(s3: S3Client) -> None:
    _put(s3, "train/more/b.csv", b"b,1\nb,2\n")

    data = _look()

    assert (data.train_objects, data.train_bytes) == (2, 12)
    assert (data.test_objects, data.test_bytes) == (1, 4)
    assert data.manifest_key == _EVENT["manifestKey"]
    manifest = _manifest(s3)
    assert manifest["version"] == data.version
    assert manifest["testVersion"] == data.test_version
    assert [item["key"] for item in manifest["train"]] == ["train/a.csv", "train/more/b.csv"]
    head = s3.head_object(Bucket=_BUCKET, Key="test/a.csv")
    assert manifest["test"] == [
        {
            "key": "test/a.csv",
            "versionId": head.get("VersionId", "null"),
            "etag": head["ETag"].strip('"'),
            "size": 4,
        }
    ]


def test_same_data_has_the_same_version(s3: S3Client) -> None:
    before = _look()

    # Also with its manifest and other things beside it
    _put(s3, "models/a/model.tar.gz", b"model")

    assert _look() == before


def test_new_content_is_a_new_version(s3: S3Client) -> None:
    before = _look()

    _put(s3, "train/a.csv", b"a,9\n")

    after = _look()
    assert after.version != before.version
    assert after.test_version == before.test_version
    assert after.train_objects == 1


def test_new_held_out_data_is_a_new_version_of_both(s3: S3Client) -> None:
    before = _look()

    _put(s3, "test/b.csv", b"b,9\n")

    after = _look()
    assert after.version != before.version
    assert after.test_version != before.test_version


def test_deleted_and_moved_objects_count_as_they_are_now(s3: S3Client) -> None:
    _put(s3, "train/b.csv", b"b,1\n")
    both = _look()

    s3.delete_object(Bucket=_BUCKET, Key="train/b.csv")
    without = _look()
    _put(s3, "train/c.csv", b"b,1\n")
    moved = _look()

    assert without.train_objects == 1
    assert moved.train_objects == 2
    assert len({both.version, without.version, moved.version}) == 3


def test_folder_markers_are_no_data(s3: S3Client) -> None:
    before = _look()

    _put(s3, "train/", b"")
    _put(s3, "test/sub/", b"")

    assert _look() == before


@pytest.mark.parametrize(
    ("prefix", "error"), [("train/", NoTrainingData), ("test/", NoHeldOutData)]
)
@pytest.mark.parametrize("left", ["nothing", "marker", "empty"])
def test_no_data_says_where_to_upload_some(
    s3: S3Client, prefix: str, error: type[Exception], left: str
) -> None:
    s3.delete_object(Bucket=_BUCKET, Key=f"{prefix}a.csv")
    if left != "nothing":
        _put(s3, prefix if left == "marker" else f"{prefix}a.csv", b"")

    with pytest.raises(error, match=f"aws s3 cp .* s3://{_BUCKET}/{prefix}") as raised:
        handle(_EVENT, None)

    assert ("is empty" in str(raised.value)) == (left == "empty")


def test_an_empty_object_beside_data_is_listed(s3: S3Client) -> None:
    _put(s3, "train/empty.csv", b"")

    assert _look().train_objects == 2


@pytest.mark.parametrize("field", ["bucket", "trainPrefix", "testPrefix", "manifestKey"])
def test_missing_field_names_itself(field: str) -> None:
    with pytest.raises(InvalidEventError, match=field):
        handle({**_EVENT, field: ""}, None)


_OBJECTS = st.lists(
    st.builds(
        DataObject,
        key=st.text("ab/", min_size=1, max_size=3),
        version_id=st.text("ab", min_size=1, max_size=2),
        etag=st.text("ab", min_size=1, max_size=2),
        size=st.integers(min_value=0, max_value=3),
    ),
    max_size=4,
)


@given(objects=_OBJECTS, shuffled=st.randoms(use_true_random=False))
def test_listing_order_plays_no_part(objects: list[DataObject], shuffled: Random) -> None:
    other = list(objects)
    shuffled.shuffle(other)

    assert _version(other) == _version(objects)


@given(_OBJECTS, _OBJECTS)
def test_other_objects_have_another_version(a: list[DataObject], b: list[DataObject]) -> None:
    assert (_version(a) == _version(b)) == (sorted(a) == sorted(b))


def _version(train: list[DataObject]) -> str:
    return data_version(train=train, test=[], manifest_key="m").version
