"""`cdk deploy` of the stage's stacks to the local cloud, by the unmodified CDK CLI."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import boto3
import botocore.session

from local.running_cloud import RunningCloud
from local.terminal import LocalError, run_logged

_ROOT = Path(__file__).resolve().parent.parent
_CDK = _ROOT / "node_modules" / ".bin" / "cdk"
STAGE = "Production"


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """What the stacks put out."""

    state_machine_arn: str
    data_bucket: str
    repository_uri: str
    inference_url: str | None

    @property
    def repository_name(self) -> str:
        """The repository's name in ECR."""
        return self.repository_uri.partition("/")[2]


def deploy(
    cloud: RunningCloud, *, settings: Path | None = None, pipeline: bool = False
) -> Deployment:
    """Synthesize, bootstrap and deploy.

    Args:
        settings: a settings file in place of settings.toml.
        pipeline: deploy the pipeline too, which runs on what is pushed to the cloud's repository.

    Raises:
        LocalError: the CDK CLI failed; its output is in the cloud's folder.
    """
    assembly = cloud.state_dir / "cdk.out"
    context = ["--context", f"settings={settings}"] if settings else []
    _cdk(cloud, ["synth", "--quiet", "--output", str(assembly), *context], app=None)
    _cdk(cloud, ["bootstrap", "--progress", "events"], app=assembly)
    stacks = [f"ModelPipeline/{STAGE}/*", *(["ModelPipeline"] if pipeline else [])]
    options = ["--require-approval", "never", "--progress", "events"]
    _cdk(cloud, ["deploy", *stacks, *options], app=assembly)
    return read_outputs(cloud)


def read_outputs(cloud: RunningCloud) -> Deployment:
    """The outputs of stacks that are deployed already."""
    client = session(cloud).client("cloudformation")
    outputs = {
        output["OutputKey"]: output["OutputValue"]
        for stack in client.describe_stacks()["Stacks"]
        if f"-{STAGE}-" in stack["StackName"]
        for output in stack.get("Outputs", [])
    }
    if "StateMachineArn" not in outputs:
        raise LocalError(
            what="The stacks are not deployed to the local cloud",
            why="it runs, but a deployment failed or was interrupted",
            next_step="run `make down`, then `make up`",
        )
    return Deployment(
        state_machine_arn=outputs["StateMachineArn"],
        data_bucket=outputs["DataBucket"],
        repository_uri=outputs["RepositoryUri"],
        inference_url=outputs.get("InferenceUrl"),
    )


def session(cloud: RunningCloud) -> boto3.session.Session:
    """A boto3 session as the root of this cloud, whatever the environment says of others.

    Its clients know endpoint and certificate; two clouds can be used side by side.
    """
    given = cloud.environment()
    values = {"region": given["AWS_REGION"], "ca_bundle": given["AWS_CA_BUNDLE"], "profile": None}
    # (name in a profile, environment variable, value, conversion): only the value counts here.
    core = botocore.session.Session(
        session_vars={name: (None, None, value, None) for name, value in values.items()}
    )
    core.get_component("config_store").set_config_variable(
        "endpoint_url", given["AWS_ENDPOINT_URL"]
    )
    core.set_credentials(given["AWS_ACCESS_KEY_ID"], given["AWS_SECRET_ACCESS_KEY"])
    return boto3.session.Session(botocore_session=core)


def _cdk(cloud: RunningCloud, arguments: Sequence[str], *, app: Path | None) -> None:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        **cloud.environment(),
        "NODE_EXTRA_CA_CERTS": cloud.environment()["AWS_CA_BUNDLE"],
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "CDK_DISABLE_VERSION_CHECK": "1",
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        # Or it keeps in the person's home which account these credentials belong to.
        "CDK_HOME": str(cloud.state_dir / "cdk"),
        "CI": "true",
    }
    command = [str(_CDK), *arguments, *(["--app", str(app)] if app else [])]
    run_logged(
        command,
        environment=environment,
        log=cloud.state_dir / "cdk.log",
        what=f"cdk {arguments[0]} failed",
        next_step="mend it and run the same command again",
        folder=_ROOT,
    )
