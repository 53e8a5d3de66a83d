"""Batch transform jobs, really run.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-batch-code.html
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from local.sagemaker import s3
from local.sagemaker.cloud import Cloud, now
from local.sagemaker.errors import ApiError, JobFailedError, JobStoppedError, invalid
from local.sagemaker.jobs import Job, failure_reason
from local.sagemaker.records import Models
from local.sagemaker.serving import Server, UnhealthyError, start_server
from local.sagemaker.transform_plan import (
    TransformPlan,
    batch_environment,
    plan,
    with_execution_parameters,
)
from local.sagemaker.transform_requests import transform_file

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_OVER = frozenset({"Completed", "Failed", "Stopped"})


class TransformJobs:
    """The account's batch transform jobs."""

    def __init__(self, cloud: Cloud, models: Models) -> None:
        self._cloud = cloud
        self._models = models
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()

    def create(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """CreateTransformJob: check everything that AWS checks before it answers, then start."""
        name = request["TransformJobName"]
        arn = self._cloud.arn("transform-job", name)
        plan(request)
        model = self._models.get(request["ModelName"])
        s3.S3Uri.parse(request["TransformOutput"]["S3OutputPath"])
        job = Job(
            name=name,
            folder=self._cloud.state_dir / "jobs" / f"transform-{name}",
            log=self._cloud.log("transform-jobs", name),
            description={
                **{key: value for key, value in request.items() if key != "Tags"},
                "TransformJobArn": arn,
                "TransformJobStatus": "InProgress",
                "CreationTime": now(),
            },
        )
        with self._lock:
            if name in self._jobs:
                raise ApiError(
                    code="ResourceInUse",
                    message="Transform job names must be unique within an AWS account and region, "
                    f"and a transform job with this name already exists ({arn})",
                )
            self._jobs[name] = job
        job.start(lambda: self._run(job, model))
        return {"TransformJobArn": arn}

    def describe(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """DescribeTransformJob."""
        return self._job(request, "Could not find requested job with name").description()

    def stop(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """StopTransformJob: refused for a job that is over."""
        job = self._job(request, "Could not find job to update with name")
        with job.changing() as description:
            status = description["TransformJobStatus"]
            if status in _OVER:
                raise invalid(
                    f"The request was rejected because the transform job is in status {status}."
                )
            description["TransformJobStatus"] = "Stopping"
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

    def _job(self, request: Mapping[str, Any], missing: str) -> Job:
        name = request["TransformJobName"]
        job = self._jobs.get(name)
        if job is None:
            raise invalid(f"{missing}: {name}")
        return job

    def _run(self, job: Job, model: Mapping[str, Any]) -> None:
        try:
            self._execute(job, model)
        except JobStoppedError:
            status = "Stopped"
        except Exception as error:  # a job's thread has nobody else to tell
            reason = failure_reason(error)
            job.note(reason)
            job.update(FailureReason=reason)
            status = "Failed"
        else:
            status = "Completed"
        job.update(TransformJobStatus=status, TransformEndTime=now())

    def _execute(self, job: Job, model: Mapping[str, Any]) -> None:
        request = job.description()
        client = self._cloud.role_session(model["ExecutionRoleArn"]).client("s3")
        prefix = s3.S3Uri.parse(request["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"])
        keys = _input_keys(client, prefix)
        job.check_stop()
        try:
            server = start_server(
                self._cloud,
                model=model,
                environment=batch_environment(request),
                ml_root=job.folder / "ml",
                log=job.log,
                name=f"transform-{job.name}",
                startup=self._cloud.timings.startup,
                check_stop=job.check_stop,
            )
        except UnhealthyError as error:
            job.note(f"Not healthy: {error}")
            raise JobFailedError("AlgorithmError: See job logs for more information") from error
        try:
            job.update(TransformStartTime=now())
            wishes = server.http.request(
                "GET", f"{server.container.url}/execution-parameters", timeout=2, retries=False
            )
            final = plan(request)
            if wishes.status == 200:
                final = with_execution_parameters(final, request, wishes.data)
            for key in keys:
                job.check_stop()
                self._transform_object(client, job, request, prefix, key, server, final)
        finally:
            server.stop(self._cloud.timings.stop_grace)

    def _transform_object(
        self,
        client: S3Client,
        job: Job,
        request: Mapping[str, Any],
        prefix: s3.S3Uri,
        key: str,
        server: Server,
        final: TransformPlan,
    ) -> None:
        data = client.get_object(Bucket=prefix.bucket, Key=key)["Body"].read()
        result = transform_file(
            data, plan=final, server=server, job=job, source=f"{prefix.bucket}/{key}"
        )
        output = request["TransformOutput"]
        target = s3.S3Uri.parse(output["S3OutputPath"]).join(f"{s3.relative_key(prefix, key)}.out")
        extra = (
            {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": output["KmsKeyId"]}
            if output.get("KmsKeyId")
            else {}
        )
        client.put_object(Bucket=target.bucket, Key=target.key, Body=result, **extra)


def _input_keys(client: S3Client, prefix: s3.S3Uri) -> list[str]:
    try:
        keys = s3.keys_under(client, prefix)
    except ClientError as error:
        raise JobFailedError(f"ClientError: Failed to list {prefix}: {error}") from error
    if not keys:
        raise JobFailedError(
            f'ClientError: No S3 objects found under S3 URL "{prefix}" given in input data source.'
        )
    return keys
