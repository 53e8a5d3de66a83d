"""`cdk deploy` of an app's stages to the local cloud, by the unmodified CDK CLI."""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import boto3
import botocore.session

from local.assembly import Assembly, Place, Stage
from local.cloud.server import REGION
from local.running_cloud import RunningCloud
from local.terminal import LocalError, run_logged

_ROOT = Path(__file__).resolve().parent.parent
_CDK = _ROOT / "node_modules" / ".bin" / "cdk"
_ASSEMBLY = "cdk.out"
_POLICY = "arn:aws:iam::aws:policy/AdministratorAccess"  # of CloudFormation, as by default


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """What the stacks of an environment put out, and where they are.

    `environment` is its name in the settings; None where they list none.
    """

    state_machine_arn: str
    data_bucket: str
    repository_uri: str
    inference_url: str | None
    place: Place = Place()  # noqa: RUF009 - it is frozen
    environment: str | None = None

    @property
    def repository_name(self) -> str:
        """The repository's name in ECR."""
        return self.repository_uri.partition("/")[2]

    def session(self, cloud: RunningCloud) -> boto3.session.Session:
        """A session as the root of the account that it is deployed to."""
        return session(cloud, self.place)


def region_of(settings: Path) -> str:
    """The region that settings name for the pipeline and all environments, or the cloud's own."""
    given = tomllib.loads(settings.read_text(encoding="utf-8"))
    return str(given.get("pipeline", {}).get("region", REGION))


def deploy(
    cloud: RunningCloud, *, settings: Path | None = None, pipeline: bool = False
) -> Deployment:
    """Synthesize, bootstrap every account, and deploy the stages of all environments.

    Args:
        settings: a settings file, in place of the one that SETTINGS names.
        pipeline: deploy the pipeline's stack, too, after the stages.

    Returns:
        The deployment of the first environment.

    Raises:
        LocalError: the CDK CLI failed; its output is in the cloud's folder.
    """
    folder = cloud.state_dir / _ASSEMBLY
    context = ["--context", f"settings={settings}"] if settings else []
    _cdk(cloud, ["synth", "--quiet", "--output", str(folder), *context], app=None)
    assembly = Assembly.read(folder)
    home = assembly.stacks[0].place
    regions = {place.region for place in assembly.places()}
    if regions != {cloud.region}:
        raise LocalError(
            what="These stacks belong into another region than the local cloud's",
            why=f"they are for {', '.join(sorted(regions))}, and it was started in {cloud.region}",
            next_step="run `make down`, then `make up`",
        )
    for place in assembly.places():
        _bootstrap(cloud, place, trusted=home.account, folder=folder)
    selection = [f"{assembly.stacks[0].path}/{stage.name}/*" for stage in assembly.stages]
    options = ["--require-approval", "never", "--progress", "events"]
    _cdk(cloud, ["deploy", *selection, *options], app=folder, place=home)
    if pipeline:
        _cdk(cloud, ["deploy", assembly.stacks[0].path, *options], app=folder, place=home)
    return read_outputs(cloud)


def read_outputs(cloud: RunningCloud, *, environment: str | None = None) -> Deployment:
    """The outputs of stacks that are deployed already.

    Args:
        environment: its name in the settings; without one the first, or only, environment.

    Raises:
        LocalError: they are not deployed, or there is no such environment.
    """
    stage = _stage(cloud, environment)
    names = {stack.name for stack in stage.stacks} if stage else set()
    place = stage.place if stage else Place()
    client = session(cloud, place).client("cloudformation")
    outputs = {
        output["OutputKey"]: output["OutputValue"]
        for stack in client.describe_stacks()["Stacks"]
        if stack["StackName"] in names
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
        place=place,
        environment=stage.environment if stage else None,
    )


def pipeline_place(cloud: RunningCloud) -> Place:
    """Where the pipeline is, or would be: the account and region of the app's own stacks."""
    try:
        return Assembly.read(cloud.state_dir / _ASSEMBLY).stacks[0].place
    except FileNotFoundError:
        return Place(region=cloud.region)


def deployment_of(cloud: RunningCloud, execution_arn: str) -> Deployment:
    """The deployment of the environment whose workflow an execution is of. Raises LocalError."""
    for found in deployments(cloud):
        if execution_arn.startswith(found.state_machine_arn.replace("stateMachine", "execution")):
            return found
    return read_outputs(cloud)


def deployments(cloud: RunningCloud) -> list[Deployment]:
    """Those of all environments, in their order. Raises LocalError."""
    stages = Assembly.read(cloud.state_dir / _ASSEMBLY).stages
    return [read_outputs(cloud, environment=stage.environment) for stage in stages]


def _stage(cloud: RunningCloud, environment: str | None) -> Stage | None:
    try:
        stages = Assembly.read(cloud.state_dir / _ASSEMBLY).stages
    except FileNotFoundError:
        return None
    if environment is None:  # Or the name of the only one, whose settings list none.
        return stages[0]
    found = {stage.environment: stage for stage in stages}.get(environment)
    if found is None:
        listed = ", ".join(stage.environment for stage in stages if stage.environment)
        raise LocalError(
            what=f"There is no environment {environment!r}",
            why=f"settings.toml lists: {listed or 'none'}",
            next_step="choose one of these",
        )
    return found


def session(cloud: RunningCloud, place: Place | None = None) -> boto3.session.Session:
    """A boto3 session as the root of an account of this cloud, whatever the environment says.

    Its clients know endpoint and certificate; two clouds can be used side by side.
    """
    given = cloud.environment(*((place.account, place.region) if place else ()))
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


def _bootstrap(cloud: RunningCloud, place: Place, *, trusted: str, folder: Path) -> None:
    """Prepare an account for deployments; others than the trusted account's trust it."""
    arguments = ["bootstrap", f"aws://{place.account}/{place.region}", "--progress", "events"]
    if place.account != trusted:
        arguments += ["--trust", trusted, "--cloudformation-execution-policies", _POLICY]
    _cdk(cloud, arguments, app=folder, place=place)


def _cdk(
    cloud: RunningCloud,
    arguments: Sequence[str],
    *,
    app: Path | None,
    place: Place = Place(),  # noqa: B008
) -> None:
    given = cloud.environment(place.account, place.region)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        **given,
        "NODE_EXTRA_CA_CERTS": given["AWS_CA_BUNDLE"],
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
