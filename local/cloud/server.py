"""The local cloud's process: `python -m local.cloud.server --state-dir … --port … --site-port …`.

MiniStack reads its settings from the environment while it is imported, so `main` sets them first.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local import registry_login
from local.cloud.certificate import Certificate

if TYPE_CHECKING:
    from local.cloud.identities import Identities
    from local.codebuild.builds import Builds

ACCOUNT_ID = "123456789012"
REGION = "us-east-1"
ROOT_SECRET = "local-cloud"  # noqa: S105 - the root of a cloud that listens on 127.0.0.1 only


@dataclass(frozen=True, kw_only=True)
class Arguments:
    """How the cloud is started; ports are on 127.0.0.1."""

    state_dir: Path
    port: int
    site_port: int
    engine: str | None
    base_image: str | None
    wait_scale: float
    region: str

    @property
    def site_url(self) -> str:
        """Where people go."""
        return f"http://127.0.0.1:{self.site_port}"

    @property
    def registry(self) -> str:
        """Where container engines push to and pull from."""
        return f"localhost:{self.port}"

    @classmethod
    def parse(cls) -> Arguments:
        """Read the command line."""
        parser = argparse.ArgumentParser(description=__doc__)
        parser.add_argument("--state-dir", type=lambda text: Path(text).resolve(), required=True)
        parser.add_argument("--port", type=int, required=True)
        parser.add_argument("--site-port", type=int, required=True)
        parser.add_argument("--engine", choices=["docker", "podman"])
        parser.add_argument("--base-image")
        parser.add_argument("--wait-scale", type=float, default=0.03)
        parser.add_argument("--region", default=REGION)
        return cls(**vars(parser.parse_args()))


def client_environment(arguments: Arguments, certificate: Certificate) -> dict[str, str]:
    """What any AWS client needs to reach the cloud as the account's root."""
    return {
        "AWS_ENDPOINT_URL": f"https://127.0.0.1:{arguments.port}",
        "AWS_ACCESS_KEY_ID": ACCOUNT_ID,
        "AWS_SECRET_ACCESS_KEY": ROOT_SECRET,
        "AWS_REGION": arguments.region,
        "AWS_DEFAULT_REGION": arguments.region,
        "AWS_CA_BUNDLE": str(certificate.bundle),
    }


def _prepare_environment(arguments: Arguments, certificate: Certificate) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "SERVICES", "PERSIST_STATE"):
        os.environ.pop(name, None)
    scratch = arguments.state_dir / "tmp"
    scratch.mkdir(parents=True, exist_ok=True)
    os.environ.update(
        client_environment(arguments, certificate),
        SSL_CERT_FILE=str(certificate.bundle),  # For functions that use no AWS SDK.
        AUTH="true",
        USE_SSL="1",
        MINISTACK_SSL_CERT=str(certificate.certificate),
        MINISTACK_SSL_KEY=str(certificate.key),
        MINISTACK_HOST="localhost",
        MINISTACK_ACCOUNT_ID=ACCOUNT_ID,
        MINISTACK_REGION=arguments.region,
        GATEWAY_PORT=str(arguments.port),
        BIND_HOST="127.0.0.1",
        IOT_MTLS_ENABLED="0",
        SFTP_ENABLED="0",
        LAMBDA_EXECUTOR="local",
        SFN_WAIT_SCALE=str(arguments.wait_scale),
        TMPDIR=str(scratch),
        PYTHONDONTWRITEBYTECODE="1",
    )


async def _serve(
    arguments: Arguments, certificate: Certificate, started_with: Mapping[str, str]
) -> None:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from ministack import app as ministack  # type: ignore[import-untyped]
    from ministack.core import lambda_runtime  # type: ignore[import-untyped]
    from ministack.services import ecr  # type: ignore[import-untyped]

    from local.cloud import (
        access,
        alarms,
        encryption,
        event_buses,
        executions,
        extensions,
        functions,
        metrics,
        pipelines,
        queues,
        registry,
        scans,
        sharing,
        streams,
        subscriptions,
    )
    from local.cloud.accounts import Accounts
    from local.cloud.identities import Identities
    from local.cloud.inbox import Inbox
    from local.cloud.service_quotas import ServiceQuotas, add_service_quotas
    from local.cloud.site import front_doors
    from local.sagemaker.cloud import Timings
    from local.sagemaker.ecr_layers import keep_uploaded_layers

    access.correct()
    identities = Identities(account_id=ACCOUNT_ID, region=arguments.region)
    accounts = Accounts(
        home=(ACCOUNT_ID, arguments.region),
        state_dir=arguments.state_dir,
        runner=_runner(arguments),
        timings=Timings(wait_scale=arguments.wait_scale),
    )
    inbox = Inbox()
    extensions.add_sagemaker(accounts)
    extensions.add_scaling(accounts)
    extensions.keep_model_package_groups(accounts)
    add_service_quotas(ServiceQuotas(arguments.state_dir))
    keep_uploaded_layers(ecr)
    scans.offer(ecr, arguments.state_dir / scans.FINDINGS_FILE)
    tokens = registry.Tokens()
    registry.guard(
        tokens,
        identities.refusal_of,
        registry=arguments.registry,
        region=arguments.region,
        account_id=ACCOUNT_ID,
    )
    sharing.correct()
    encryption.keep_defaults()
    encryption.use_the_managed_key()
    encryption.ask_kms()
    home = Path(started_with.get("HOME", "/root"))
    registry_login.write(
        arguments.state_dir,
        registry=arguments.registry,
        token=tokens.issue(registry.OPERATOR),
        home=home,
    )
    builds = _builds(arguments, certificate, identities, started_with)
    subscriptions.deliver_mail(inbox)
    subscriptions.ask_for_confirmation(inbox)
    extensions.empty_buckets_with_their_stack()
    extensions.link_apis_to(arguments.site_url)
    functions.name_errors_by_class()
    functions.fail_custom_resources_with_their_function()
    functions.retry_events()
    functions.queue_bursts()
    metrics.authorize_as_aws_does()
    alarms.install(time_scale=arguments.wait_scale)
    executions.install()
    streams.install()
    queues.install(time_scale=arguments.wait_scale)
    event_buses.install()
    released = pipelines.install(identities, builds, state_dir=arguments.state_dir)

    config = Config()
    config.bind = [f"127.0.0.1:{arguments.port}"]
    config.insecure_bind = [f"127.0.0.1:{arguments.site_port}"]
    config.certfile, config.keyfile = str(certificate.certificate), str(certificate.key)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)

    application: Any = front_doors(
        ministack.app,
        inbox,
        pushed=released.pushed,
        aws_host=f"127.0.0.1:{arguments.port}",
        site_host=f"127.0.0.1:{arguments.site_port}",
    )
    # Hypercorn would wait for every client to close its connection, so it is never told to stop.
    serving = asyncio.ensure_future(
        serve(application, config, shutdown_trigger=asyncio.Event().wait)
    )
    stopping = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            serving.result()  # A port that is taken, say.
    finally:
        # Their last calls of the cloud are answered meanwhile.
        await asyncio.to_thread(released.shutdown)
        await asyncio.to_thread(builds.shutdown)
        accounts.shutdown()
        lambda_runtime.reset()
        shutil.rmtree(arguments.state_dir / "tmp", ignore_errors=True)
    # There is nothing to save, and MiniStack's threads never end.
    os._exit(0)


def _builds(
    arguments: Arguments,
    certificate: Certificate,
    identities: Identities,
    started_with: Mapping[str, str],
) -> Builds:
    from local.codebuild import api, resource
    from local.codebuild.builds import Builds
    from local.codebuild.machine import Machine
    from local.codebuild.projects import Projects

    # Not in the cloud's folder: it may lie in a repository whose settings tools would find.
    scratch = Path(started_with.get("TMPDIR") or "/tmp")  # noqa: S108 - only the default
    builds = Builds(
        projects=Projects(region=arguments.region),
        machine=Machine(
            variables=started_with,
            builds=scratch / f"local-builds-{arguments.port}",
            engine=arguments.engine,
            base_image=arguments.base_image,
            registry=arguments.registry,
            endpoint_url=os.environ["AWS_ENDPOINT_URL"],
            region=arguments.region,
            bundle=certificate.bundle,
        ),
        identities=identities,
        logs=arguments.state_dir / "logs" / "builds",
    )
    resource.offer_projects(builds.projects)
    api.serve(builds)
    return builds


def _runner(arguments: Arguments):  # type: ignore[no-untyped-def]  # noqa: ANN202
    from local.sagemaker.runners.engine import EngineRunner
    from local.sagemaker.runners.process import ProcessRunner

    if arguments.engine:
        return EngineRunner(
            program=arguments.engine,
            registry=arguments.registry,
            login=registry_login.variables(arguments.state_dir),
            own=f"{ACCOUNT_ID}.dkr.ecr.{arguments.region}.amazonaws.com",
        )
    return ProcessRunner(arguments.state_dir)


def main() -> None:
    """Serve until SIGTERM or SIGINT, then end everything that was started."""
    arguments = Arguments.parse()
    certificate = Certificate.make(arguments.state_dir / "tls")
    started_with = dict(os.environ)
    _prepare_environment(arguments, certificate)
    asyncio.run(_serve(arguments, certificate, started_with))


if __name__ == "__main__":
    main()
