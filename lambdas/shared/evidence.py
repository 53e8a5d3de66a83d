"""What a person needs to decide whether a model may be released.

The whole of it stays below 150 000 bytes of JSON, whatever the data says, so that it fits into a
Step Functions payload (256 KiB) and, with the votes, into a DynamoDB item (400 KB):
https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

from shared import fields
from shared.evaluation import ClassScore, Evaluation, scores_from_json, scores_to_json
from shared.gate import Gate
from shared.metrics import HEADLINE, METRICS, Task, metrics_from_json, task_from_json
from shared.origin import Origin, origin_from_json
from shared.serving import version_number

Comparison = Literal[
    "first release",
    "better than live",
    "as good as live",
    "worse than live",
    "not compared with live",
]


@dataclass(frozen=True)
class DataVersion:
    """Which data a model was trained and measured on; sizes in bytes.

    version changes with any object under train/ or test/, test_version with those under test/
    only, train_version with those under train/ only; it is "" for data of an older release. Each is
    12 hex digits. manifest_key is where every object is listed.
    """

    version: str
    test_version: str
    train_objects: int
    train_bytes: int
    test_objects: int
    test_bytes: int
    manifest_key: str
    train_version: str = ""

    def to_json(self) -> dict[str, Any]:
        """The version as a JSON object."""
        return {
            "version": self.version,
            "testVersion": self.test_version,
            "trainVersion": self.train_version,
            "trainObjects": self.train_objects,
            "trainBytes": self.train_bytes,
            "testObjects": self.test_objects,
            "testBytes": self.test_bytes,
            "manifestKey": self.manifest_key,
        }

    @classmethod
    def from_json(cls, event: Mapping[str, Any]) -> Self:
        """Read a version that to_json wrote.

        Raises:
            InvalidEventError: a field is missing or wrong; the message names it.
        """
        return cls(
            version=fields.text(event, "version"),
            test_version=fields.text(event, "testVersion"),
            train_version=fields.optional_text(event, "trainVersion"),
            train_objects=fields.whole_number(event, "trainObjects"),
            train_bytes=fields.whole_number(event, "trainBytes"),
            test_objects=fields.whole_number(event, "testObjects"),
            test_bytes=fields.whole_number(event, "testBytes"),
            manifest_key=fields.text(event, "manifestKey"),
        )


@dataclass(frozen=True)
class Training:
    """How the model was trained: the job's time in seconds, and its machine."""

    seconds: int
    instance_type: str


@dataclass(frozen=True)
class LiveModel:
    """The model that serves now, measured on the same held-out data as the new one.

    That was done when it was released, or, when the data has changed since, for this comparison:
    compared_anew. model_package_arn is "" when its version is not known; classes is None when
    there are too many to show, or none.
    """

    commit_id: str
    model_package_arn: str
    task: Task
    metrics: Mapping[str, float | None]
    rows: int
    classes: tuple[ClassScore, ...] | None
    report_key: str
    compared_anew: bool

    @property
    def name(self) -> str:
        """What a person calls it: version 6, commit 0f9e8d7c."""
        number = version_number(self.model_package_arn)
        commit = f"commit {self.commit_id}"
        return f"version {number}, {commit}" if number else commit

    @property
    def headline(self) -> float | None:
        """The value of the metric that stands for the whole: accuracy, or RMSE."""
        return self.metrics[HEADLINE[self.task]]

    def to_json(self) -> dict[str, Any]:
        """The live model as a JSON object."""
        return {
            "commitId": self.commit_id,
            "modelPackageArn": self.model_package_arn,
            "task": self.task,
            "metrics": dict(self.metrics),
            "rows": self.rows,
            "classes": scores_to_json(self.classes),
            "reportKey": self.report_key,
            "comparedAnew": self.compared_anew,
        }

    @classmethod
    def from_json(cls, event: Mapping[str, Any]) -> Self:
        """Read a live model that to_json wrote.

        Raises:
            InvalidEventError: a field is missing or wrong; the message names it.
        """
        task = task_from_json(event)
        return cls(
            commit_id=fields.text(event, "commitId"),
            model_package_arn=fields.optional_text(event, "modelPackageArn"),
            task=task,
            metrics=metrics_from_json(event, task=task),
            rows=fields.whole_number(event, "rows"),
            classes=scores_from_json(event),
            report_key=fields.text(event, "reportKey"),
            compared_anew=fields.flag(event, "comparedAnew"),
        )


@dataclass(frozen=True)
class Evidence:
    """All that is shown before a decision.

    image_digest is "" when it is unknown. live is None for a first release, and also when
    something serves that could not be compared: live_problem then says why, for a person.
    hyperparameters may be cut; hyperparameters_left_off counts those that are not there.
    job_name is the training's; trained_before is the version that it was for, if this release did
    not train.
    """

    evaluation: Evaluation
    job_name: str
    bucket: str
    image_digest: str
    data: DataVersion
    hyperparameters: Mapping[str, str]
    training: Training
    gate: Gate
    live: LiveModel | None
    live_problem: str = ""
    hyperparameters_left_off: int = 0
    trained_before: Origin | None = None

    @property
    def report_uri(self) -> str:
        """Where the full evaluation lies."""
        return f"s3://{self.bucket}/{self.evaluation.report_key}"

    @property
    def comparison(self) -> Comparison:
        """The verdict of the headline metric, as exact as a person reads it."""
        if self.live is None:
            return "not compared with live" if self.live_problem else "first release"
        ours, theirs = self.evaluation.headline, self.live.headline
        if ours is None or theirs is None:
            return "not compared with live"
        metric = METRICS[HEADLINE[self.evaluation.task]]
        if metric.as_text(ours) == metric.as_text(theirs):
            return "as good as live"
        return (
            "better than live" if (ours > theirs) == metric.higher_is_better else "worse than live"
        )

    def to_json(self) -> dict[str, Any]:
        """The evidence as a JSON object, keys in camelCase as in the workflow."""
        return {
            "evaluation": self.evaluation.to_json(),
            "jobName": self.job_name,
            "bucket": self.bucket,
            "imageDigest": self.image_digest,
            "data": self.data.to_json(),
            "hyperparameters": dict(self.hyperparameters),
            "hyperparametersLeftOff": self.hyperparameters_left_off,
            "training": {
                "seconds": self.training.seconds,
                "instanceType": self.training.instance_type,
            },
            "gate": self.gate.to_json(),
            "live": self.live.to_json() if self.live else None,
            "liveProblem": self.live_problem,
            "trainedBefore": self.trained_before.to_json() if self.trained_before else None,
        }

    @classmethod
    def from_json(cls, event: Mapping[str, Any]) -> Self:
        """Read evidence that to_json wrote.

        Raises:
            InvalidEventError: a field is missing or wrong; the message names it.
        """
        training = fields.mapping(event, "training")
        hyperparameters = fields.mapping(event, "hyperparameters")
        live = event.get("live")
        return cls(
            evaluation=Evaluation.from_json(fields.mapping(event, "evaluation")),
            job_name=fields.text(event, "jobName"),
            bucket=fields.text(event, "bucket"),
            image_digest=fields.optional_text(event, "imageDigest"),
            data=DataVersion.from_json(fields.mapping(event, "data")),
            hyperparameters={
                name: fields.optional_text(hyperparameters, name) for name in hyperparameters
            },
            hyperparameters_left_off=fields.whole_number(event, "hyperparametersLeftOff"),
            training=Training(
                seconds=fields.whole_number(training, "seconds"),
                instance_type=fields.text(training, "instanceType"),
            ),
            gate=Gate.from_json(fields.mapping(event, "gate")),
            live=None if live is None else LiveModel.from_json(fields.mapping(event, "live")),
            live_problem=fields.optional_text(event, "liveProblem"),
            trained_before=origin_from_json(event),
        )
