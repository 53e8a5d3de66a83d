"""What the first environment says of a model that it has released, for the next ones to take."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from shared import fields

_SCHEMA = 1
_S3_ADDRESS = re.compile(r"s3://([a-z0-9.-]{3,63})/(.+)")


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """The model's file, down to its bytes.

    Attributes:
        version_id: S3's, which names one content for good.
        etag: without quotes.
        size: in bytes.
    """

    bucket: str
    key: str
    version_id: str
    etag: str
    size: int

    @property
    def uri(self) -> str:
        """Its address in S3, whatever the version."""
        return f"s3://{self.bucket}/{self.key}"


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A model that is live in the first environment.

    Attributes:
        commit_id: the image's tag.
        image_uri: the image, by its digest.
        model: the model's file.
        model_package_arn: the version in the first environment's registry.
        number: the version's number there.
        execution_arn: the release that made the offer.
        training_job: the job that made the model.
        training_seconds: how long it took.
        training_instance_type: on which machine.
        hyperparameters: what it was given.
        hyperparameters_left_off: how many more there were.
        train_version: of the data that it was trained on; "" if it is not known.
        train_objects: how many objects that was.
        train_bytes: how many bytes.
        metrics: what the first environment has measured.
    """

    commit_id: str
    image_uri: str
    model: Artifact
    model_package_arn: str
    number: int
    execution_arn: str
    training_job: str
    training_seconds: int
    training_instance_type: str
    hyperparameters: Mapping[str, str]
    hyperparameters_left_off: int
    train_version: str
    train_objects: int
    train_bytes: int
    metrics: Mapping[str, float | None]

    def to_json(self) -> dict[str, Any]:
        """The offer as a JSON object."""
        return {
            "schema": _SCHEMA,
            "commitId": self.commit_id,
            "imageUri": self.image_uri,
            "model": {
                "bucket": self.model.bucket,
                "key": self.model.key,
                "versionId": self.model.version_id,
                "etag": self.model.etag,
                "size": self.model.size,
            },
            "modelPackageArn": self.model_package_arn,
            "number": self.number,
            "executionArn": self.execution_arn,
            "trainingJob": self.training_job,
            "training": {
                "seconds": self.training_seconds,
                "instanceType": self.training_instance_type,
            },
            "hyperparameters": dict(self.hyperparameters),
            "hyperparametersLeftOff": self.hyperparameters_left_off,
            "trainData": {
                "trainVersion": self.train_version,
                "trainObjects": self.train_objects,
                "trainBytes": self.train_bytes,
            },
            "metrics": dict(self.metrics),
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """Read an offer that to_json wrote.

        Raises:
            InvalidEventError: it is of another version of this app, or a field is wrong.
        """
        if content.get("schema") != _SCHEMA:
            raise fields.InvalidEventError(f"Field 'schema' must be {_SCHEMA}.")
        model = fields.mapping(content, "model")
        training = fields.mapping(content, "training")
        data = fields.mapping(content, "trainData")
        hyperparameters = fields.mapping(content, "hyperparameters")
        return cls(
            commit_id=fields.text(content, "commitId"),
            image_uri=fields.text(content, "imageUri"),
            model=Artifact(
                bucket=fields.text(model, "bucket"),
                key=fields.text(model, "key"),
                version_id=fields.text(model, "versionId"),
                etag=fields.text(model, "etag"),
                size=fields.whole_number(model, "size"),
            ),
            model_package_arn=_version_arn(content),
            number=fields.whole_number(content, "number"),
            execution_arn=fields.text(content, "executionArn"),
            training_job=fields.text(content, "trainingJob"),
            training_seconds=fields.whole_number(training, "seconds"),
            training_instance_type=fields.text(training, "instanceType"),
            hyperparameters={
                name: fields.optional_text(hyperparameters, name) for name in hyperparameters
            },
            hyperparameters_left_off=fields.whole_number(content, "hyperparametersLeftOff"),
            train_version=fields.optional_text(data, "trainVersion"),
            train_objects=fields.whole_number(data, "trainObjects"),
            train_bytes=fields.whole_number(data, "trainBytes"),
            metrics={
                name: None if value is None else float(value)
                for name, value in fields.mapping(content, "metrics").items()
            },
        )


def _version_arn(content: Mapping[str, Any]) -> str:
    arn = fields.text(content, "modelPackageArn")
    if arn.count("/") != 2:
        raise fields.InvalidEventError("Field 'modelPackageArn' must be the ARN of a version.")
    return arn


def bucket_and_key(address: str) -> tuple[str, str]:
    """The parts of an address in S3.

    Raises:
        InvalidEventError: it is none.
    """
    match = _S3_ADDRESS.fullmatch(address)
    if match is None:
        raise fields.InvalidEventError("Field 'modelData' must be an address such as s3://b/k.")
    return match[1], match[2]
