"""Training jobs, really run.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo.html
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boto3.session import Session

from local.sagemaker import checkpoints, s3, training_files, training_requests
from local.sagemaker.cloud import Cloud, now
from local.sagemaker.errors import ApiError, JobFailedError, JobStoppedError, invalid
from local.sagemaker.images import require_training_image
from local.sagemaker.jobs import Job, container_environment, failure_reason, wait_for_exit
from local.sagemaker.runners.base import Run

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_OVER = frozenset({"Completed", "Failed", "Stopped"})


class TrainingJobs:
    """The account's training jobs."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()

    def create(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """CreateTrainingJob: check everything that AWS checks before it answers, then start."""
        name = request["TrainingJobName"]
        arn = self._cloud.arn("training-job", name)
        training_requests.check_supported(request)
        session = self._cloud.role_session(request["RoleArn"])
        image = request["AlgorithmSpecification"]["TrainingImage"]
        self._refuse_duplicate(name, arn)
        require_training_image(session, uri=image, role_arn=request["RoleArn"])
        for channel in request.get("InputDataConfig", []):
            training_requests.require_objects(
                session, channel, region=self._cloud.region, role_arn=request["RoleArn"]
            )
        created = now()
        members = {key: value for key, value in request.items() if key != "Tags"}
        job = Job(
            name=name,
            folder=self._cloud.state_dir / "jobs" / f"training-{name}",
            log=self._cloud.log("training-jobs", name),
            description={
                "EnableNetworkIsolation": False,
                "EnableInterContainerTrafficEncryption": False,
                "EnableManagedSpotTraining": False,
                **members,
                "TrainingJobArn": arn,
                "TrainingJobStatus": "InProgress",
                "SecondaryStatus": "Starting",
                "SecondaryStatusTransitions": [
                    {"Status": "Starting", "StartTime": created, "StatusMessage": "Starting"}
                ],
                "ModelArtifacts": {"S3ModelArtifacts": str(_artifact(request, "model.tar.gz"))},
                "CreationTime": created,
                "LastModifiedTime": created,
            },
        )
        with self._lock:
            self._refuse_duplicate(name, arn)
            self._jobs[name] = job
        job.start(lambda: self._run(job, session))
        return {"TrainingJobArn": arn}

    def describe(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """DescribeTrainingJob."""
        return self._job(request).description()

    def stop(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """StopTrainingJob: refused for a job that is over."""
        job = self._job(request)
        with job.changing() as description:
            status = description["TrainingJobStatus"]
            if status in _OVER:
                raise invalid(
                    f"The request was rejected because the training job is in status {status}."
                )
            description["TrainingJobStatus"] = "Stopping"
            _add_step(description, "Stopping", "Stopping the training job")
        job.stop_requested.set()
        return {}

    def all(self) -> list[dict[str, Any]]:
        """What Describe answers for every job, oldest first."""
        return [job.description() for job in list(self._jobs.values())]

    def shutdown(self) -> None:
        """Stop every running job and wait for its thread."""
        for job in list(self._jobs.values()):
            job.stop_requested.set()
        for job in list(self._jobs.values()):
            job.join()

    def _job(self, request: Mapping[str, Any]) -> Job:
        job = self._jobs.get(request["TrainingJobName"])
        if job is None:
            raise invalid("Requested resource not found.")
        return job

    def _refuse_duplicate(self, name: str, arn: str) -> None:
        if name in self._jobs:
            raise ApiError(
                code="ResourceInUse",
                message="Training job names must be unique within an AWS account and region, and a "
                f"training job with this name already exists ({arn})",
            )

    def _run(self, job: Job, session: Session) -> None:
        try:
            self._execute(job, session)
        except JobStoppedError:
            _finish(job, "Stopped", "Stopped", "Training job stopped")
        except Exception as error:  # a job's thread has nobody else to tell
            reason = failure_reason(error)
            job.note(reason)
            job.update(FailureReason=reason)
            _finish(job, "Failed", "Failed", "Training job failed")

    def _execute(self, job: Job, session: Session) -> None:
        request = job.description()
        image = request["AlgorithmSpecification"]["TrainingImage"]
        client = session.client("s3")
        self._cloud.runner.prepare(image, session, job.log)
        job.check_stop()
        _transition(job, "Downloading", "Downloading input data")
        for channel in request.get("InputDataConfig", []):
            _download_channel(client, channel, job)
        training_files.write_config(job.folder, request)
        checkpoints.restore(client, job, request)
        job.check_stop()
        _transition(job, "Training", "Training image download completed. Training in progress.")
        job.update(TrainingStartTime=now())
        try:
            code, time_over = self._train(job, session, request)
        finally:
            checkpoints.save(client, job, request)
        job.update(FinalMetricDataList=training_files.metrics(job.log, request))
        stopped = code is None
        if not stopped:
            _transition(job, "Uploading", "Uploading generated training model")
        self._upload(client, job, request, with_model=not code)
        if stopped:
            secondary = "MaxRuntimeExceeded" if time_over else "Stopped"
            _finish(job, "Stopped", secondary, "Training job stopped")
        elif code:
            failure = training_files.failure_text(job.folder)
            suffix = f", exit code: {code}"
            raise JobFailedError(f"AlgorithmError: {failure}"[: 1024 - len(suffix)] + suffix)
        else:
            _finish(job, "Completed", "Completed", "Training job completed")

    def _train(
        self, job: Job, session: Session, request: Mapping[str, Any]
    ) -> tuple[int | None, bool]:
        extra = {
            **request.get("Environment", {}),
            "TRAINING_JOB_NAME": job.name,
            "TRAINING_JOB_ARN": request["TrainingJobArn"],
        }
        container = self._cloud.runner.start(
            Run(
                image=request["AlgorithmSpecification"]["TrainingImage"],
                command="train",
                ml_root=job.folder,
                environment=container_environment(
                    self._cloud, session, isolated=request["EnableNetworkIsolation"], extra=extra
                ),
                log=job.log,
                session=session,
                name=f"training-{job.name}",
                isolated=request["EnableNetworkIsolation"],
            )
        )
        try:
            return wait_for_exit(
                container,
                job=job,
                seconds=request["StoppingCondition"].get("MaxRuntimeInSeconds"),
                grace=self._cloud.timings.stop_grace,
            )
        finally:
            container.stop(0)

    def _upload(
        self, client: S3Client, job: Job, request: Mapping[str, Any], *, with_model: bool
    ) -> None:
        key = request["OutputDataConfig"].get("KmsKeyId")
        extra = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key else {}
        wanted = {"model.tar.gz": "model"} if with_model else {}
        for archive, folder in {**wanted, "output.tar.gz": "output/data"}.items():
            source: Path = job.folder / folder
            if archive == "output.tar.gz" and not any(source.iterdir()):
                continue
            target = _artifact(request, archive)
            s3.pack(source, job.folder / archive)
            client.upload_file(
                str(job.folder / archive), target.bucket, target.key, ExtraArgs=extra
            )


def _artifact(request: Mapping[str, Any], archive: str) -> s3.S3Uri:
    output = s3.S3Uri.parse(request["OutputDataConfig"]["S3OutputPath"])
    return output.join(request["TrainingJobName"], "output", archive)


def _transition(job: Job, secondary: str, message: str) -> None:
    with job.changing() as description:
        _add_step(description, secondary, message)


def _add_step(description: dict[str, Any], secondary: str, message: str) -> None:
    moment = now()
    steps = [dict(step) for step in description["SecondaryStatusTransitions"]]
    steps[-1].setdefault("EndTime", moment)
    steps.append({"Status": secondary, "StartTime": moment, "StatusMessage": message})
    description.update(SecondaryStatus=secondary, SecondaryStatusTransitions=steps)


def _finish(job: Job, status: str, secondary: str, message: str) -> None:
    moment = now()
    with job.changing() as description:
        _add_step(description, secondary, message)
        description.update(TrainingJobStatus=status, TrainingEndTime=moment)
        if "TrainingStartTime" in description:
            seconds = max(1, round(moment - description["TrainingStartTime"]))
            description.update(TrainingTimeInSeconds=seconds, BillableTimeInSeconds=seconds)


def _download_channel(client: S3Client, channel: Mapping[str, Any], job: Job) -> None:
    prefix = s3.S3Uri.parse(channel["DataSource"]["S3DataSource"]["S3Uri"])
    folder = job.folder / "input" / "data" / channel["ChannelName"]
    training_files.download_prefix(client, job, prefix=prefix, folder=folder, what="Data")
