"""A model goes from one environment to the next: the same bytes, or a failure that says why."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from make_offer.handler import handle as make
from moto import mock_aws
from shared import aws
from shared.fields import InvalidEventError
from shared.offer import Offer
from take_offer.handler import handle as take
from take_offer.offers import OfferDiffers, OfferMissing
from take_offer.refusal import OfferRefused

from tests.unit.lambdas import events

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_MAKE = events.load("make_offer")
_TAKE = events.load("take_offer")
_DEV, _PROD = _MAKE["bucket"], _TAKE["bucket"]
_MODEL_KEY = _MAKE["modelData"].removeprefix(f"s3://{_DEV}/")
_MODEL = b"the trained model"


@pytest.fixture
def s3() -> Iterator[S3Client]:
    """The buckets of two environments, and a model in the first."""
    with mock_aws():
        client = boto3.client("s3")
        for bucket in (_DEV, _PROD):
            client.create_bucket(
                Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
            )
            client.put_bucket_versioning(
                Bucket=bucket, VersioningConfiguration={"Status": "Enabled"}
            )
        client.put_object(Bucket=_DEV, Key=_MODEL_KEY, Body=_MODEL)
        yield client


def _offer(s3: S3Client) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(
        s3.get_object(Bucket=_DEV, Key=_MAKE["offerKey"])["Body"].read()
    )
    return content


def _change_offer(s3: S3Client, **changes: object) -> None:
    body = json.dumps({**_offer(s3), **changes}).encode()
    s3.put_object(Bucket=_DEV, Key=_MAKE["offerKey"], Body=body)


def test_an_offer_is_read_as_it_was_written(s3: S3Client) -> None:
    assert make(_MAKE, None) == {"offerKey": _MAKE["offerKey"]}

    content = _offer(s3)
    assert Offer.from_json(content).to_json() == content
    assert content["number"] == 7
    assert content["trainData"]["trainVersion"] == "0123456789ab"
    assert content["model"]["size"] == len(_MODEL)
    assert content["model"]["versionId"] == s3.head_object(Bucket=_DEV, Key=_MODEL_KEY)["VersionId"]


def test_the_next_environment_gets_the_same_bytes(s3: S3Client) -> None:
    make(_MAKE, None)

    taken = take(_TAKE, None)

    assert taken["modelData"] == f"s3://{_PROD}/{_TAKE['modelKey']}"
    copied = s3.get_object(Bucket=_PROD, Key=_TAKE["modelKey"])["Body"].read()
    assert copied == _MODEL
    assert taken["trainedBefore"] == {
        "number": 7,
        "commitId": _MAKE["commitId"],
        "modelPackageArn": _MAKE["modelPackageArn"],
        "group": "iris-dev",
    }
    evidence = _MAKE["evidence"]
    assert taken["training"]["hyperparameters"] == evidence["hyperparameters"]
    assert taken["training"]["seconds"] == evidence["training"]["seconds"]


def test_what_was_written_over_since_is_not_taken(s3: S3Client) -> None:
    make(_MAKE, None)
    s3.put_object(Bucket=_DEV, Key=_MODEL_KEY, Body=b"another model of the same name")

    take(_TAKE, None)

    assert s3.get_object(Bucket=_PROD, Key=_TAKE["modelKey"])["Body"].read() == _MODEL


def test_a_version_that_is_deleted_is_told(s3: S3Client) -> None:
    make(_MAKE, None)
    version = _offer(s3)["model"]["versionId"]
    s3.delete_object(Bucket=_DEV, Key=_MODEL_KEY, VersionId=version)

    with pytest.raises(OfferDiffers, match="is not what it was"):
        take(_TAKE, None)


@pytest.mark.usefixtures("s3")
def test_without_an_offer_the_stage_before_is_named() -> None:
    with pytest.raises(OfferMissing, match="gone live in the first environment"):
        take(_TAKE, None)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"commitId": "ffff"}, "sent commit ffff"),
        ({"imageUri": "iris@sha256:00"}, "sent image iris@sha256:00"),
    ],
)
def test_another_commit_or_image_is_refused(
    s3: S3Client, changes: dict[str, str], told: str
) -> None:
    make(_MAKE, None)

    with pytest.raises(OfferDiffers, match=told):
        take({**_TAKE, **changes}, None)

    with pytest.raises(ClientError):
        s3.head_object(Bucket=_PROD, Key=_TAKE["modelKey"])


def test_a_model_of_another_bucket_is_refused(s3: S3Client) -> None:
    make(_MAKE, None)
    _change_offer(s3, model={**_offer(s3)["model"], "bucket": "somebody-elses"})

    with pytest.raises(OfferDiffers, match="somebody-elses"):
        take(_TAKE, None)


def test_an_offer_of_another_shape_is_told(s3: S3Client) -> None:
    make(_MAKE, None)
    _change_offer(s3, schema=2)

    with pytest.raises(OfferMissing, match="no offer that this environment can read"):
        take(_TAKE, None)


def test_a_missing_grant_is_told_with_its_action(monkeypatch: pytest.MonkeyPatch) -> None:
    client = boto3.client("s3", region_name="eu-west-1")
    monkeypatch.setattr(aws, "s3", lambda: client)
    refused = "User: role/iris-prod-take-offer is not authorized to perform: kms:Decrypt"
    with Stubber(client) as stubber:
        stubber.add_client_error("get_object", "AccessDenied", refused, 403)
        with pytest.raises(OfferRefused, match="kms:Decrypt") as raised:
            take(_TAKE, None)

    assert "a grant is missing" in str(raised.value)


@pytest.mark.parametrize("address", ["iris-dev-data/models/m", "s3://iris-dev-data", "s3://"])
def test_an_address_that_is_none_is_named(address: str) -> None:
    with pytest.raises(InvalidEventError, match="modelData"):
        make({**_MAKE, "modelData": address}, None)
