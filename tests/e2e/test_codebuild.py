"""Projects of a small stack, built on the local cloud under roles that IAM holds to their word."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local.deployment import session
from local.release import wait_for
from local.running_cloud import RunningCloud
from tests.e2e.processes import mentioning
from tests.e2e.stack_parts import attribute, role, statement

_SPEC = {
    "version": "0.2",
    "env": {"exported-variables": ["WHO"]},
    "phases": {
        "install": {"runtime-versions": {"python": "3.13"}, "commands": ["python3 --version"]},
        "build": {
            "commands": [
                "export WHO=$(aws sts get-caller-identity --query Arn --output text)",
                "mkdir dist && cp README.md dist/",
                'aws s3 cp README.md "s3://$BUCKET/by-build/README.md"',
            ]
        },
    },
    "artifacts": {"base-directory": "dist", "files": ["**/*"]},
}
_DECRYPT, _ENCRYPT = "kms:Decrypt", "kms:GenerateDataKey"


def _template() -> str:
    objects = {"Fn::Sub": "${Bucket.Arn}/*"}
    own_key = attribute("Key.Arn")
    logs = statement(["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"], "*")
    whole = [
        logs,
        statement(["s3:GetObject", "s3:PutObject"], objects),
        statement([_DECRYPT, _ENCRYPT], own_key),
    ]
    resources: dict[str, Any] = {
        "Key": {
            "Type": "AWS::KMS::Key",
            "Properties": {
                "KeyPolicy": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            **statement("kms:*", "*"),
                            "Principal": {
                                "AWS": {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:root"}
                            },
                        }
                    ],
                }
            },
        },
        "Bucket": {"Type": "AWS::S3::Bucket"},
        "Whole": _role(*whole),
        "NoLogs": _role(*whole[1:]),
        "NoKey": _role(*whole[:2]),
        "NoDataKey": _role(*whole[:2], statement(_DECRYPT, own_key)),
        "NoObjects": _role(logs, whole[2]),
        "Starter": role(
            statement("codebuild:StartBuild", attribute("WholeProject.Arn")), service="lambda"
        ),
        **{f"{name}Project": _project(name) for name in _ROLES},
        "SleeperProject": _sleeper(),
    }
    outputs = {
        "Bucket": {"Value": {"Ref": "Bucket"}},
        "Key": {"Value": own_key},
        "Starter": {"Value": attribute("Starter.Arn")},
        **{name: {"Value": {"Ref": f"{name}Project"}} for name in (*_ROLES, "Sleeper")},
    }
    return json.dumps({"Resources": resources, "Outputs": outputs})


_ROLES = ("Whole", "NoLogs", "NoKey", "NoDataKey", "NoObjects")


def _role(*statements: dict[str, Any]) -> dict[str, Any]:
    return role(*statements, service="codebuild")


def _project(name: str) -> dict[str, Any]:
    return {
        "Type": "AWS::CodeBuild::Project",
        "Properties": {
            "Source": {"Type": "CODEPIPELINE", "BuildSpec": json.dumps(_SPEC)},
            "Artifacts": {"Type": "CODEPIPELINE"},
            "EncryptionKey": attribute("Key.Arn"),
            "ServiceRole": attribute(f"{name}.Arn"),
            "Environment": {
                "Type": "LINUX_CONTAINER",
                "Image": "aws/codebuild/standard:7.0",
                "ComputeType": "BUILD_GENERAL1_SMALL",
                "EnvironmentVariables": [{"Name": "BUCKET", "Value": {"Ref": "Bucket"}}],
            },
        },
    }


def _sleeper() -> dict[str, Any]:
    spec = "version: 0.2\nphases:\n  build:\n    commands:\n      - echo asleep; sleep 600\n"
    project = _project("Whole")
    project["Properties"] |= {
        "Source": {"Type": "NO_SOURCE", "BuildSpec": spec},
        "Artifacts": {"Type": "NO_ARTIFACTS"},
    }
    return project


@dataclass(frozen=True, kw_only=True)
class Stack:
    """The deployed stack, its cloud and its root."""

    cloud: RunningCloud
    root: boto3.session.Session
    outputs: dict[str, str]

    def build(self, name: str) -> dict[str, Any]:
        """Build a project from a zip in the bucket, to its end."""
        client = self.root.client("codebuild")
        bucket = self.outputs["Bucket"]
        started = client.start_build(
            projectName=self.outputs[name],
            sourceTypeOverride="S3",
            sourceLocationOverride=f"{bucket}/source.zip",
            encryptionKeyOverride=self.outputs["Key"],
            artifactsOverride={
                "type": "S3",
                "location": bucket,
                "name": f"{name}.zip",
                "packaging": "ZIP",
            },
        )["build"]
        deadline = time.monotonic() + 60
        while True:
            [found] = client.batch_get_builds(ids=[started["id"]])["builds"]
            if found["buildComplete"]:
                return dict(found)
            assert time.monotonic() < deadline
            time.sleep(0.1)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    cloud = RunningCloud.start(tmp_path_factory.mktemp("codebuild"), engine=None)
    try:
        root = session(cloud)
        formation = root.client("cloudformation")
        formation.create_stack(
            StackName="builds", TemplateBody=_template(), Capabilities=["CAPABILITY_IAM"]
        )
        formation.get_waiter("stack_create_complete").wait(
            StackName="builds", WaiterConfig={"Delay": 1, "MaxAttempts": 60}
        )
        [made] = formation.describe_stacks(StackName="builds")["Stacks"]
        outputs = {each["OutputKey"]: each["OutputValue"] for each in made["Outputs"]}
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            archive.writestr("README.md", "hello")
        root.client("s3").put_object(
            Bucket=outputs["Bucket"],
            Key="source.zip",
            Body=content.getvalue(),
            ServerSideEncryption="aws:kms",
            SSEKMSKeyId=outputs["Key"],
        )
        yield Stack(cloud=cloud, root=root, outputs=outputs)
    finally:
        cloud.stop()


def test_a_build_works_in_its_role_and_stores_what_it_made(stack: Stack) -> None:
    found = stack.build("Whole")

    assert found["buildStatus"] == "SUCCEEDED", found["phases"]
    [exported] = found["exportedEnvironmentVariables"]
    role_name = found["serviceRole"].rpartition("/")[2]
    assert exported["name"] == "WHO"
    assert f":assumed-role/{role_name}/" in exported["value"]
    s3 = stack.root.client("s3")
    stored = s3.get_object(Bucket=stack.outputs["Bucket"], Key="Whole.zip")
    assert stored["SSEKMSKeyId"] == stack.outputs["Key"]
    with zipfile.ZipFile(io.BytesIO(stored["Body"].read())) as archive:
        assert archive.namelist() == ["README.md"]
    by_build = s3.get_object(Bucket=stack.outputs["Bucket"], Key="by-build/README.md")
    assert by_build["Body"].read() == b"hello"
    events = stack.root.client("logs").get_log_events(
        logGroupName=found["logs"]["groupName"], logStreamName=found["logs"]["streamName"]
    )["events"]
    printed = "\n".join(event["message"] for event in events)
    assert "Running command mkdir dist && cp README.md dist/" in printed
    assert "upload: ./README.md to s3://" in printed


@pytest.mark.parametrize(
    ("name", "phase", "action"),
    [
        ("NoLogs", "PROVISIONING", "logs:CreateLog"),
        ("NoObjects", "DOWNLOAD_SOURCE", "s3:GetObject"),
        ("NoKey", "DOWNLOAD_SOURCE", "kms:Decrypt"),
        ("NoDataKey", "UPLOAD_ARTIFACTS", "kms:GenerateDataKey"),
    ],
)
def test_a_role_that_lacks_a_permission_fails_the_phase_that_needs_it(
    stack: Stack, name: str, phase: str, action: str
) -> None:
    found = stack.build(name)

    assert found["buildStatus"] == "FAILED"
    [failed] = [each for each in found["phases"] if each.get("phaseStatus") == "FAILED"][:-1]
    assert failed["phaseType"] == phase
    [context] = failed["contexts"]
    assert context["statusCode"] == "ACCESS_DENIED"
    assert f"is not authorized to perform: {action}" in context["message"]


def test_who_starts_a_build_needs_the_permission_for_its_project(stack: Stack) -> None:
    answer = stack.root.client("sts").assume_role(
        RoleArn=stack.outputs["Starter"], RoleSessionName="test"
    )["Credentials"]
    client = stack.root.client(
        "codebuild",
        aws_access_key_id=answer["AccessKeyId"],
        aws_secret_access_key=answer["SecretAccessKey"],
        aws_session_token=answer["SessionToken"],
        config=Config(retries={"total_max_attempts": 1}),
    )

    with pytest.raises(ClientError, match=r"codebuild:StartBuild on resource: .*NoLogs"):
        client.start_build(projectName=stack.outputs["NoLogs"])
    with pytest.raises(ClientError, match="takes its source from CodePipeline"):
        client.start_build(projectName=stack.outputs["Whole"])


def test_a_cloud_that_stops_ends_its_builds_and_keeps_their_last_words(stack: Stack) -> None:
    """The last test of this file: it stops the cloud."""
    client = stack.root.client("codebuild")
    build_id = client.start_build(projectName=stack.outputs["Sleeper"])["build"]["id"]
    log = stack.cloud.state_dir / "logs" / "builds" / stack.outputs["Sleeper"]
    file = log / f"{build_id.partition(':')[2]}.log"
    wait_for(lambda: file.exists() and "asleep\n" in file.read_text(), seconds=90, what="its start")
    began = time.monotonic()

    stack.cloud.stop()

    assert time.monotonic() - began < 10
    assert "Phase complete: BUILD State: STOPPED" in file.read_text()
    assert mentioning(build_id) == []
