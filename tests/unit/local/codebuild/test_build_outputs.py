"""What a build hands on: which artifacts, and under which key."""

from __future__ import annotations

import pytest

from local.codebuild.builds import ObjectLocation
from tests.unit.local.codebuild.aws_fakes import FakeAws
from tests.unit.local.codebuild.conftest import OUT, Build, names, spec, zipped


@pytest.mark.parametrize(
    ("described", "stored"),
    [
        ({}, {}),
        ({"encryptionKey": "alias/aws/s3"}, {}),
        ({"encryptionKey": "arn:aws:kms:r:1:key/p"}, {"SSEKMSKeyId": "arn:aws:kms:r:1:key/p"}),
    ],
)
def test_artifacts_are_under_the_key_of_the_project(
    build: Build, aws: FakeAws, described: dict[str, str], stored: dict[str, str]
) -> None:
    build(
        {**spec(build=["true"]), "artifacts": {"files": "README"}},
        described=described,
        outputs={"Out": OUT},
    )

    assert aws.stored["out", "a.zip"] == {"ServerSideEncryption": "aws:kms", **stored}


def test_several_inputs_and_outputs(build: Build, aws: FakeAws) -> None:
    aws.objects["in", "other.zip"] = zipped({"data": "42"})

    result = build(
        {
            **spec(build=["cp $CODEBUILD_SRC_DIR_Other/data a", "cp README b"]),
            "artifacts": {"secondary-artifacts": {"A": {"files": "a"}, "B": {"files": "b"}}},
        },
        primary="Source",
        inputs={
            "Other": ObjectLocation(bucket="in", key="other.zip"),
            "Source": ObjectLocation(bucket="in", key="source.zip"),
        },
        outputs={"A": OUT, "B": ObjectLocation(bucket="out", key="b.zip")},
    )

    assert result.failure == ""
    assert names(aws.objects["out", "a.zip"]) == {"a"}
    assert names(aws.objects["out", "b.zip"]) == {"b"}


def test_an_output_without_artifacts_is_told(build: Build) -> None:
    assert (
        "artifacts has nothing for it" in build(spec(build=["true"]), outputs={"Out": OUT}).failure
    )
