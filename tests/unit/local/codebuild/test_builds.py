"""A build from its source to its artifacts, with real commands."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.codebuild.builds import (
    BuildRefusedError,
    BuildRequest,
    Builds,
    ObjectLocation,
    Variable,
)
from tests.unit.local.codebuild.aws_fakes import CALLER, FakeAws
from tests.unit.local.codebuild.conftest import OUT, Build, names, project, spec


def statuses(builds: Builds, build_id: str) -> dict[str, str]:
    return {
        phase["phaseType"]: phase["phaseStatus"]
        for phase in builds.get(build_id).as_answer()["phases"]
    }


def test_a_build_goes_from_source_to_artifact(build: Build, builds: Builds, aws: FakeAws) -> None:
    result = build(
        {
            **spec(
                install=["mkdir dist"],
                build=["cp README dist/", "export VERSION=7"],
                post_build=["echo $VERSION > dist/version"],
            ),
            "env": {"exported-variables": ["VERSION", "MISSING"]},
            "artifacts": {"base-directory": "dist", "files": ["**/*"]},
        },
        outputs={"Out": OUT},
        encryption_key="arn:aws:kms:us-east-1:123456789012:key/k",
    )

    assert (result.succeeded, result.stopped, result.failure) == (True, False, "")
    assert result.exported == {"VERSION": "7"}
    assert names(aws.objects["out", "a.zip"]) == {"README", "version"}
    assert aws.stored["out", "a.zip"] == {
        "ServerSideEncryption": "aws:kms",
        "SSEKMSKeyId": "arn:aws:kms:us-east-1:123456789012:key/k",
    }
    assert set(statuses(builds, result.build_id).values()) == {"SUCCEEDED"}
    log = builds.get(result.build_id).log.read_text()
    assert "Running command cp README dist/\n" in log
    assert "".join(aws.lines) == log
    assert aws.streams == {("/aws/codebuild/it", result.build_id.partition(":")[2])}


def test_a_build_sees_its_role_and_nothing_of_the_person(build: Build, builds: Builds) -> None:
    result = build(
        spec(build=["env", "docker info || true", "podman info || true"]),
        variables=[Variable(name="GIVEN", value="by pipeline")],
        described={
            "cache": {"type": "LOCAL", "modes": ["LOCAL_DOCKER_LAYER_CACHE"]},
            "environment": {**project("")["environment"], "privilegedMode": True},
        },
        source_version="abc",
        initiator="codepipeline/p",
    )

    log = builds.get(result.build_id).log.read_text()
    for line in (
        "AWS_ACCESS_KEY_ID=key of arn:aws:iam::123456789012:role/builder",
        "GIVEN=by pipeline",
        "CODEBUILD_RESOLVED_SOURCE_VERSION=abc",
        "CODEBUILD_INITIATOR=codepipeline/p",
        f"CODEBUILD_BUILD_ID={result.build_id}",
        "The project's cache has no effect here",
        "started without a container engine",
        "Cannot connect to the Docker daemon",
        "podman: command not found",
    ):
        assert line in log
    assert "of a person" not in log


def test_a_command_that_fails_ends_the_build_after_post_build(build: Build, builds: Builds) -> None:
    result = build(
        {
            "version": "0.2",
            "phases": {
                "build": {
                    "commands": ["echo why; false", "echo never"],
                    "finally": ["echo finally $CODEBUILD_BUILD_SUCCEEDING"],
                },
                "post_build": {"commands": ["echo after $CODEBUILD_BUILD_SUCCEEDING"]},
            },
            "artifacts": {"files": "README"},
        },
        outputs={"Out": OUT},
    )

    log = builds.get(result.build_id).log.read_text()
    assert not result.succeeded
    assert result.failure == (
        "BUILD: COMMAND_EXECUTION_ERROR: Error while executing command: echo why; false. "
        "Reason: exit status 1\nIts last lines:\nwhy"
    )
    assert "\nfinally 0\n" in log
    assert "\nafter 0\n" in log
    assert "never\n" not in log
    found = statuses(builds, result.build_id)
    assert (found["BUILD"], found["POST_BUILD"], found["COMPLETED"]) == (
        "FAILED",
        "SUCCEEDED",
        "FAILED",
    )
    assert "UPLOAD_ARTIFACTS" not in found


@pytest.mark.parametrize("phase", ["install", "pre_build"])
def test_what_fails_before_the_build_phase_ends_the_build(
    build: Build, builds: Builds, phase: str
) -> None:
    result = build(spec(**{phase: ["false"]}, build=["echo ran"], post_build=["echo ran"]))

    assert not result.succeeded
    assert "Running command echo ran" not in builds.get(result.build_id).log.read_text()


def test_a_phase_may_let_the_next_one_run(build: Build, builds: Builds) -> None:
    result = build(
        {
            "version": "0.2",
            "phases": {
                "install": {"on-failure": "CONTINUE", "commands": ["false"]},
                "build": {"commands": ["echo ran"]},
            },
        }
    )

    assert not result.succeeded
    assert "\nran\n" in builds.get(result.build_id).log.read_text()


def test_a_phase_may_end_the_build_that_would_go_on(build: Build, builds: Builds) -> None:
    result = build(
        {
            "version": "0.2",
            "phases": {
                "build": {"on-failure": "ABORT", "commands": ["false"]},
                "post_build": {"commands": ["echo ran"]},
            },
        }
    )

    assert result.failure.startswith("BUILD: ")
    assert "Running command echo ran" not in builds.get(result.build_id).log.read_text()


def test_the_buildspec_may_lie_in_the_source(build: Build) -> None:
    text = "version: 0.2\nphases: {build: {commands: ['true']}}"

    assert build("ci/spec.yml", source={"ci/spec.yml": text}).succeeded
    missing = build("ci/spec.yml")
    assert missing.failure == (
        "DOWNLOAD_SOURCE: YAML_FILE_ERROR: YAML file does not exist: ci/spec.yml"
    )


@pytest.mark.parametrize(
    ("action", "phase"),
    [
        ("logs:CreateLogGroup", "PROVISIONING"),
        ("logs:CreateLogStream", "PROVISIONING"),
        ("logs:PutLogEvents", "PROVISIONING"),
        ("s3:GetObject", "DOWNLOAD_SOURCE"),
        ("s3:PutObject", "UPLOAD_ARTIFACTS"),
    ],
)
def test_what_the_service_role_may_not_fails_the_build(
    build: Build, aws: FakeAws, action: str, phase: str
) -> None:
    aws.refused[action] = f"User: builder is not authorized to perform: {action}"

    result = build(
        {**spec(build=["true"]), "artifacts": {"files": "README"}},
        outputs={"Out": OUT},
        encryption_key="arn:aws:kms:us-east-1:123456789012:key/k",
    )

    assert not result.succeeded
    assert result.failure.startswith(f"{phase}: ACCESS_DENIED: ")
    assert f"not authorized to perform: {action}" in result.failure


def test_a_role_that_does_not_trust_codebuild_is_told(build: Build, aws: FakeAws) -> None:
    aws.trusted = False

    assert "PROVISIONING: ACCESS_DENIED: CodeBuild is not authorized" in (
        build(spec(build=["true"])).failure
    )


def test_a_build_is_stopped_and_leaves_nothing(build: Build, builds: Builds, aws: FakeAws) -> None:
    build(spec(build=["true"]))
    builds.projects.put(project(spec(build=["echo started; sleep 600"])), account_id=aws.account_id)
    request = BuildRequest(
        project="it", inputs={"Source": ObjectLocation(bucket="in", key="source.zip")}
    )
    build_id = builds.start(request)
    log = builds.get(build_id).log

    result = builds.wait(
        build_id, cancelled=lambda: log.exists() and "\nstarted\n" in log.read_text()
    )

    assert (result.succeeded, result.stopped) == (False, True)
    assert statuses(builds, build_id)["BUILD"] == "STOPPED"
    assert builds.get(build_id).as_answer()["buildStatus"] == "STOPPED"
    builds.shutdown()
    assert not builds._machine.builds.exists()


def test_who_may_not_start_a_build_is_refused(builds: Builds, aws: FakeAws) -> None:
    builds.projects.put(project(spec(build=["true"])), account_id=aws.account_id)
    aws.refused["codebuild:StartBuild"] = "User: pipeline is not authorized"

    with pytest.raises(BuildRefusedError, match="not authorized") as caught:
        builds.start(BuildRequest(project="it", caller_role=CALLER))

    assert caught.value.code == "AccessDeniedException"


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (BuildRequest(project="other"), "ResourceNotFoundException"),
        (
            BuildRequest(
                project="it", variables=[Variable(name="A", value="b", kind="SECRETS_MANAGER")]
            ),
            "InvalidInputException",
        ),
    ],
)
def test_a_request_that_cannot_run_is_refused(
    builds: Builds, aws: FakeAws, request_: BuildRequest, code: str
) -> None:
    builds.projects.put(project(spec(build=["true"])), account_id=aws.account_id)

    with pytest.raises(BuildRefusedError) as caught:
        builds.start(request_)

    assert caught.value.code == code


def test_the_log_goes_where_the_pipeline_wants_it(
    build: Build, aws: FakeAws, tmp_path: Path
) -> None:
    log = tmp_path / "pipeline" / "Build.log"
    build(spec(build=["echo first"]), log=log)
    aws.lines.clear()

    build(spec(build=["echo again"]), log=log)

    assert "\nfirst\n" in log.read_text()
    assert "\nagain\n" in log.read_text()
    assert "again\n" in aws.lines
    assert "first\n" not in aws.lines
