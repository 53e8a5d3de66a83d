from __future__ import annotations

import asyncio
import io
import json
import os
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config

from local.sagemaker.cloud import Cloud, Timings
from local.sagemaker.runners.process import ProcessRunner
from local.sagemaker.service import SageMaker
from local.sagemaker.source_images import publish_source_image
from tests.unit.local.sagemaker.fake_cloudwatch import FakeCloudWatch
from tests.unit.local.sagemaker.fakes import (
    ACCOUNT,
    IMAGE,
    REGION,
    ROLE,
    SERVE,
    TRAIN,
    FakeEcr,
    FakeS3,
    FakeSession,
)

PATIENCE = 20.0


class Room:
    """The service on fakes, driven by real boto3 clients without a network."""

    def __init__(
        self,
        service: SageMaker,
        cloud: Cloud,
        *,
        s3: FakeS3,
        ecr: FakeEcr,
        cloudwatch: FakeCloudWatch,
    ) -> None:
        self.service = service
        self.cloud = cloud
        self.s3 = s3
        self.ecr = ecr
        self.cloudwatch = cloudwatch
        self.passable = True
        self.deregisterable = True
        self.sagemaker = self.client("sagemaker")
        self.runtime = self.client("sagemaker-runtime")

    def client(self, name: str) -> Any:  # noqa: ANN401 - any service's client
        client = boto3.client(  # type: ignore[call-overload]
            name,
            region_name=REGION,
            aws_access_key_id="x",
            aws_secret_access_key="x",  # noqa: S106
            config=Config(parameter_validation=False, retries={"total_max_attempts": 1}),
        )
        client.meta.events.register("before-send", self._answer)
        return client

    def _answer(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        headers = {
            key: value.decode() if isinstance(value, bytes) else str(value)
            for key, value in request.headers.items()
        }
        body = request.body or b""
        body = body.encode() if isinstance(body, str) else bytes(cast(bytes, body))
        path = "/" + request.url.split("://", 1)[1].partition("/")[2]
        status, answer_headers, content = asyncio.run(
            self.service.handle_request(request.method, path, headers, body, {})
        )
        stream = io.BytesIO(content)
        raw = SimpleNamespace(read=stream.read, stream=lambda *_a, **_k: iter([content]))
        return AWSResponse(request.url, status, cast(Any, answer_headers), raw)

    def training_arguments(self, name: str = "Job-1", **parameters: str) -> dict[str, Any]:
        return {
            "TrainingJobName": name,
            "RoleArn": ROLE,
            "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
            "HyperParameters": parameters,
            "InputDataConfig": [
                {
                    "ChannelName": "training",
                    "ContentType": "text/csv",
                    "DataSource": {
                        "S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://data/train"}
                    },
                }
            ],
            "OutputDataConfig": {"S3OutputPath": "s3://data/models/"},
            "ResourceConfig": {
                "InstanceCount": 1,
                "InstanceType": "ml.m5.large",
                "VolumeSizeInGB": 5,
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        }

    def training_ends(self, name: str = "Job-1") -> dict[str, Any]:
        return self.until(
            lambda: self.sagemaker.describe_training_job(TrainingJobName=name),
            lambda job: job["TrainingJobStatus"] in ("Completed", "Failed", "Stopped"),
        )

    def model(self, name: str = "m1", **environment: str) -> None:
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as tar:
            info = tarfile.TarInfo("model.json")
            info.size = 2
            tar.addfile(info, io.BytesIO(b"{}"))
        self.s3.objects["data", "model.tar.gz"] = packed.getvalue()
        self.sagemaker.create_model(
            ModelName=name,
            ExecutionRoleArn=ROLE,
            PrimaryContainer={
                "Image": IMAGE,
                "ModelDataUrl": "s3://data/model.tar.gz",
                "Environment": environment,
            },
        )

    def until(
        self, look: Callable[[], dict[str, Any]], done: Callable[[dict[str, Any]], bool]
    ) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE
        while not done(seen := look()):
            assert time.monotonic() < deadline, f"still {seen}"
            time.sleep(0.02)
        return seen

    def log(self, kind: str, name: str) -> str:
        return (self.cloud.state_dir / "logs" / kind / f"{name}.log").read_text()


@pytest.fixture(scope="session")
def environments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("environments")


@pytest.fixture
def source_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "container"
    folder.mkdir()
    (folder / "train").write_text(TRAIN)
    (folder / "serve").write_text(SERVE)
    (folder / "requirements.txt").write_text("# nothing but the standard library\n")
    return folder


@pytest.fixture
def ecr() -> Iterator[FakeEcr]:
    fake = FakeEcr()
    yield fake
    fake.close()


@pytest.fixture
def room(tmp_path: Path, environments: Path, source_folder: Path, ecr: FakeEcr) -> Iterator[Room]:
    s3 = FakeS3()
    s3.objects["data", "train/iris.csv"] = b"a,1,2\nb,3,4\n"
    s3.objects["data", "train/more/iris.csv"] = b"c,5,6\n"
    publish_source_image(cast(Any, ecr), repository_name="models", tag="abc", folder=source_folder)
    state = tmp_path / "state"
    state.mkdir()
    (state / "environments").symlink_to(environments)
    cloudwatch = FakeCloudWatch()
    session = cast(Any, FakeSession(s3, ecr, cloudwatch))
    made: list[Room] = []
    cloud = Cloud(
        account_id=ACCOUNT,
        region=REGION,
        state_dir=state,
        role_session=lambda _arn: session,
        may_pass_role=lambda _headers, _arn: made[0].passable,
        may_deregister=lambda _headers: made[0].deregisterable,
        runner=ProcessRunner(state),
        timings=Timings(stop_grace=2, startup=3, ping_interval=0.02, invocation=1, wait_scale=0.01),
        record_metric=cloudwatch.record,
    )
    service = SageMaker(cloud)
    made.append(Room(service, cloud, s3=s3, ecr=ecr, cloudwatch=cloudwatch))
    yield made[0]
    service.shutdown()
    assert not _children(), "the service left processes behind"


def _children() -> list[str]:
    return [process.name for process in Path("/proc").glob("[0-9]*") if _supervised(process)]


def _supervised(process: Path) -> bool:
    try:
        status = (process / "status").read_text()
        command = (process / "cmdline").read_bytes()
    except OSError:
        return False
    mine = f"PPid:\t{os.getpid()}\n" in status
    return mine and b"supervisor.py" in command


@pytest.fixture(autouse=True)
def _no_thread_left() -> Iterator[None]:
    yield
    deadline = time.monotonic() + 5
    while names := [t.name for t in threading.enumerate() if t.name.startswith("sagemaker-")]:
        assert time.monotonic() < deadline, f"threads left: {names}"
        time.sleep(0.02)


def archive(content: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as tar:
        found = {member.name: tar.extractfile(member) for member in tar if member.isfile()}
        return {name: file.read() for name, file in found.items() if file}


def trained(room: Room, name: str = "Job-1") -> dict[str, Any]:
    content = archive(room.s3.objects["data", f"models/{name}/output/model.tar.gz"])
    seen: dict[str, Any] = json.loads(content["model.json"])
    return seen
