"""Training jobs really run in a process; S3 and ECR are in memory."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.local.sagemaker.conftest import Room, archive, trained
from tests.unit.local.sagemaker.fakes import ACCOUNT, IMAGE, REGION, ROLE


def test_a_job_completes_with_a_model_and_all_that_describe_tells(room: Room) -> None:
    # Given a request with hyperparameters, an environment and a metric
    arguments = room.training_arguments(max_leaf_nodes="5")
    arguments["Environment"] = {"TEAM": "flowers"}
    arguments["AlgorithmSpecification"]["MetricDefinitions"] = [
        {"Name": "accuracy", "Regex": "accuracy=([0-9.]+);"},
        {"Name": "loss", "Regex": "loss=([0-9.]+);"},
    ]
    arguments["Tags"] = [{"Key": "commit", "Value": "abc"}]
    # When it runs
    arn = room.sagemaker.create_training_job(**arguments)["TrainingJobArn"]
    job = room.training_ends()
    # Then it is completed
    assert arn == f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-job/job-1"
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Completed", "Completed")
    steps = [step["Status"] for step in job["SecondaryStatusTransitions"]]
    assert steps == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert job["ModelArtifacts"]["S3ModelArtifacts"] == "s3://data/models/Job-1/output/model.tar.gz"
    assert [(m["MetricName"], m["Value"]) for m in job["FinalMetricDataList"]] == [
        ("accuracy", 0.75)
    ]
    assert job["CreationTime"] <= job["TrainingStartTime"] <= job["TrainingEndTime"]
    assert job["TrainingTimeInSeconds"] >= 1
    for member, value in arguments.items():
        if member not in ("Tags",):
            assert job[member] == value
    assert room.sagemaker.list_tags(ResourceArn=arn)["Tags"] == arguments["Tags"]


def test_the_container_sees_the_documented_folder_and_environment(room: Room) -> None:
    arguments = room.training_arguments(max_leaf_nodes="5")
    arguments["Environment"] = {"TEAM": "flowers"}
    room.sagemaker.create_training_job(**arguments)
    assert room.training_ends()["TrainingJobStatus"] == "Completed"
    seen = trained(room)
    assert seen["parameters"] == {"max_leaf_nodes": "5"}
    assert seen["rows"] == 3
    assert seen["files"] == ["training/iris.csv", "training/more/iris.csv"]
    assert seen["channels"]["training"] == {
        "ContentType": "text/csv",
        "TrainingInputMode": "File",
        "S3DistributionType": "FullyReplicated",
        "RecordWrapperType": "None",
    }
    assert seen["resources"]["hosts"] == ["algo-1"]
    environment = seen["environment"]
    assert environment["TRAINING_JOB_NAME"] == "Job-1"
    assert environment["TRAINING_JOB_ARN"].endswith(":training-job/job-1")
    assert environment["AWS_REGION"] == REGION
    assert environment["TEAM"] == "flowers"
    assert environment["AWS_ACCESS_KEY_ID"] == "AKIAROLE"


def test_nothing_of_the_operators_environment_reaches_the_container(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "operator")
    monkeypatch.setenv("SECRET_OF_THE_OPERATOR", "x")
    arguments = room.training_arguments()
    arguments["EnableNetworkIsolation"] = True
    room.sagemaker.create_training_job(**arguments)
    room.training_ends()
    environment = trained(room)["environment"]
    assert "AWS_PROFILE" not in environment
    assert "SECRET_OF_THE_OPERATOR" not in environment
    assert "AWS_ACCESS_KEY_ID" not in environment  # isolated: not even the role's


def test_output_data_is_packed_when_there_is_some(room: Room) -> None:
    arguments = room.training_arguments(mode="report")
    arguments["OutputDataConfig"]["KmsKeyId"] = "alias/data"
    room.sagemaker.create_training_job(**arguments)
    room.training_ends()
    key = ("data", "models/Job-1/output/output.tar.gz")
    assert archive(room.s3.objects[key]) == {"report.txt": b"fine"}
    assert room.s3.encryption[key] == {
        "ServerSideEncryption": "aws:kms",
        "SSEKMSKeyId": "alias/data",
    }


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"mode": "fail"}, "AlgorithmError: no labels, exit code: 3"),
        ({"mode": "fail", "long": "1"}, None),
    ],
)
def test_a_failing_program_gives_its_failure_file_as_the_reason(
    room: Room, parameters: dict[str, str], reason: str | None
) -> None:
    room.sagemaker.create_training_job(**room.training_arguments(**parameters))
    job = room.training_ends()
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Failed", "Failed")
    if reason is None:
        assert len(job["FailureReason"]) == 1024
        assert job["FailureReason"].endswith("x, exit code: 3")
    else:
        assert job["FailureReason"] == reason
    assert ("data", "models/Job-1/output/model.tar.gz") not in room.s3.objects


def test_a_denied_download_is_a_client_error(room: Room) -> None:
    room.s3.denied.add("get")
    room.sagemaker.create_training_job(**room.training_arguments())
    reason = room.training_ends()["FailureReason"]
    assert reason.startswith("ClientError: Data download failed:")
    assert "AccessDenied" in reason


def test_a_denied_upload_is_a_client_error(room: Room) -> None:
    room.s3.denied.add("put")
    room.sagemaker.create_training_job(**room.training_arguments())
    job = room.training_ends()
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("ClientError: ")


def test_a_container_image_without_an_engine_says_what_to_do(room: Room) -> None:
    manifest = json.dumps({"schemaVersion": 2, "layers": []})
    room.ecr.put_image(
        repositoryName="models",
        imageTag="abc",
        imageManifest=manifest,
        imageManifestMediaType="application/vnd.oci.image.manifest.v1+json",
    )
    room.sagemaker.create_training_job(**room.training_arguments())
    assert "Install Docker or Podman" in room.training_ends()["FailureReason"]


def test_stop_lets_the_program_save_its_model(room: Room) -> None:
    # Given a job in training
    room.sagemaker.create_training_job(**room.training_arguments(mode="hang"))
    room.until(lambda: {"log": _log(room)}, lambda seen: "hanging" in seen["log"])
    # When it is stopped
    room.sagemaker.stop_training_job(TrainingJobName="Job-1")
    status = room.sagemaker.describe_training_job(TrainingJobName="Job-1")["TrainingJobStatus"]
    assert status in ("Stopping", "Stopped")
    # Then it had SIGTERM, and what it saved then is kept
    job = room.training_ends()
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "Stopped")
    saved = archive(room.s3.objects["data", "models/Job-1/output/model.tar.gz"])
    assert saved == {"partial": b"saved at SIGTERM"}
    # And it cannot be stopped again
    with pytest.raises(ClientError, match="the training job is in status Stopped"):
        room.sagemaker.stop_training_job(TrainingJobName="Job-1")


def test_stop_during_the_download_ends_it(room: Room) -> None:
    room.s3.hold_downloads = threading.Event()  # never set: every chunk takes its time
    room.s3.objects["data", "train/iris.csv"] = b"a,1,2\n" * 10_000
    room.sagemaker.create_training_job(**room.training_arguments())
    room.until(
        lambda: room.sagemaker.describe_training_job(TrainingJobName="Job-1"),
        lambda job: job["SecondaryStatus"] == "Downloading",
    )
    room.sagemaker.stop_training_job(TrainingJobName="Job-1")
    job = room.training_ends()
    assert job["TrainingJobStatus"] == "Stopped"
    assert "TrainingStartTime" not in job


def test_a_job_out_of_time_is_stopped_even_when_it_ignores_sigterm(room: Room) -> None:
    arguments = room.training_arguments(mode="hang", deaf="1")
    arguments["StoppingCondition"] = {"MaxRuntimeInSeconds": 1}
    room.sagemaker.create_training_job(**arguments)
    job = room.training_ends()
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")


def test_names_are_unique(room: Room) -> None:
    room.sagemaker.create_training_job(**room.training_arguments())
    with pytest.raises(ClientError, match="Training job names must be unique") as refused:
        room.sagemaker.create_training_job(**room.training_arguments())
    assert refused.value.response["Error"]["Code"] == "ResourceInUse"


def test_missing_data_is_refused_at_once(room: Room) -> None:
    arguments = room.training_arguments()
    source = arguments["InputDataConfig"][0]["DataSource"]["S3DataSource"]
    source["S3Uri"] = "s3://data/nothing"
    with pytest.raises(ClientError) as refused:
        room.sagemaker.create_training_job(**arguments)
    message = refused.value.response["Error"]["Message"]
    assert 'No S3 objects found under S3 URL "s3://data/nothing" given in input data' in message
    assert ROLE in message


def test_a_missing_image_or_repository_is_refused_at_once(room: Room) -> None:
    arguments = room.training_arguments()
    arguments["AlgorithmSpecification"]["TrainingImage"] = IMAGE.replace(":abc", ":zzz")
    with pytest.raises(ClientError, match="Cannot find the requested image"):
        room.sagemaker.create_training_job(**arguments)
    arguments["AlgorithmSpecification"]["TrainingImage"] = IMAGE.replace("models", "other")
    with pytest.raises(ClientError, match="Cannot find repository: other in registry ID"):
        room.sagemaker.create_training_job(**arguments)


@pytest.mark.parametrize(
    ("member", "value", "message"),
    [
        ("StoppingCondition", ..., "Value null at 'stoppingCondition'"),
        ("ResourceConfig", {"InstanceCount": 2, "VolumeSizeInGB": 1}, "set InstanceCount to 1"),
        ("AlgorithmSpecification", {"TrainingInputMode": "File"}, "specify a TrainingImage"),
        (
            "OutputDataConfig",
            {"S3OutputPath": "s3://data", "CompressionType": "NONE"},
            "leave CompressionType",
        ),
    ],
)
def test_what_is_not_run_here_is_refused_plainly(
    room: Room, member: str, value: object, message: str
) -> None:
    arguments = {**room.training_arguments(), member: value}
    arguments = {key: item for key, item in arguments.items() if item is not ...}
    with pytest.raises(ClientError, match=message):
        room.sagemaker.create_training_job(**arguments)


def test_shutdown_ends_a_running_job_and_its_folder(room: Room) -> None:
    room.sagemaker.create_training_job(**room.training_arguments(mode="hang"))
    room.until(lambda: {"log": _log(room)}, lambda seen: "hanging" in seen["log"])
    room.service.shutdown()
    assert list((room.cloud.state_dir / "jobs").iterdir()) == []


def _log(room: Room) -> str:
    path = room.cloud.state_dir / "logs" / "training-jobs" / "Job-1.log"
    return path.read_text() if path.exists() else ""


def spot(**more: object) -> dict[str, Any]:
    return {
        "EnableManagedSpotTraining": True,
        "StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 120},
        "CheckpointConfig": {"S3Uri": "s3://data/checkpoints/iris"},
        **more,
    }


def test_checkpoints_outlive_a_job_that_fails(room: Room) -> None:
    # Given a spot job that saves a checkpoint and fails
    arguments = room.training_arguments("one", mode="checkpoints", broken="yes")
    room.sagemaker.create_training_job(**{**arguments, **spot()})
    seen = room.training_ends("one")
    assert (seen["TrainingJobStatus"], seen["EnableManagedSpotTraining"]) == ("Failed", True)
    assert room.s3.objects["data", "checkpoints/iris/deep/step-0.txt"] == b"saved"
    # Then the next one goes on with it
    arguments = room.training_arguments("two", mode="checkpoints")
    room.sagemaker.create_training_job(**{**arguments, **spot()})
    assert room.training_ends("two")["TrainingJobStatus"] == "Completed"
    assert ("data", "checkpoints/iris/deep/step-1.txt") in room.s3.objects
    # And what a job removes is removed there, but nothing of others
    room.s3.objects["data", "checkpoints/iris-2/step-0.txt"] = b"saved"
    arguments = room.training_arguments("three", mode="checkpoints", prune="yes")
    room.sagemaker.create_training_job(**{**arguments, **spot()})
    assert room.training_ends("three")["TrainingJobStatus"] == "Completed"
    left = [key for _, key in room.s3.objects if key.startswith("checkpoints/")]
    assert sorted(left) == ["checkpoints/iris-2/step-0.txt", "checkpoints/iris/deep/step-3.txt"]


def test_checkpoints_that_may_not_be_written_fail_the_job(room: Room) -> None:
    arguments = room.training_arguments(mode="checkpoints")
    room.s3.denied.add("put")
    room.sagemaker.create_training_job(**{**arguments, **spot()})
    assert "Checkpoint upload failed" in room.training_ends()["FailureReason"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"StoppingCondition": {"MaxRuntimeInSeconds": 60}}, "Invalid MaxWaitTimeInSeconds"),
        (
            {"StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 59}},
            "greater than or equal to",
        ),
        ({"EnableManagedSpotTraining": False}, "managed spot training only"),
        ({"CheckpointConfig": {"S3Uri": "https://x/y"}}, "must look like s3://"),
        (
            {"CheckpointConfig": {"S3Uri": "s3://data/c", "LocalPath": "/tmp/c"}},  # noqa: S108
            "keeps /opt/ml/checkpoints only",
        ),
    ],
)
def test_spot_requests_that_are_refused(room: Room, change: dict[str, Any], message: str) -> None:
    with pytest.raises(ClientError, match=message):
        room.sagemaker.create_training_job(**{**room.training_arguments(), **spot(**change)})
