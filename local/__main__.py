"""`python -m local <verb>`: the verbs of the Makefile that use the local cloud."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError

from botocore.exceptions import EndpointConnectionError

from local import deployed_settings, pipeline_verbs
from local.decision import decision_wanted
from local.deployment import Deployment, deploy, deployments, read_outputs, region_of
from local.engine import Engine, choose_engine
from local.handover import put_sample_data, write_environment
from local.image import head_author, push_head
from local.image_build import PushedImage
from local.repository import SourceRepository
from local.running_cloud import RunningCloud
from local.show import release_image
from local.terminal import LocalError, complain, say, step
from mlops_stacks.settings import load_settings, settings_file
from mlops_stacks.settings_faults import SettingsError

_ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Run one verb; the exit code is 0 when it did what it says."""
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    verbs = {
        "up": up,
        "release": release,
        "push": push,
        "pipeline": pipeline,
        "down": down,
        "demo": demo,
    }
    parser.add_argument("verb", choices=list(verbs))
    verb = parser.parse_args().verb
    state_dir = Path(os.environ.get("LOCAL_STATE_DIR", _ROOT / ".local")).resolve()
    try:
        return verbs[verb](state_dir)
    except LocalError as error:
        complain(error)
        return 1
    except SettingsError as error:
        say(str(error))
        return 1
    except (EndpointConnectionError, URLError) as error:
        gone = LocalError(
            what="The local cloud does not answer any more",
            why=str(error),
            next_step="`make up` starts it again, empty; its log is cloud.log in the same folder",
        )
        complain(gone)
        return 1
    except KeyboardInterrupt:
        stays = " The run goes on; `make pipeline` shows it." if verb == "push" else ""
        say(f"\nStopped.{stays}")
        return 130


@dataclass(frozen=True, kw_only=True)
class Ready:
    """A running cloud with everything that a release needs."""

    cloud: RunningCloud
    deployment: Deployment
    image: PushedImage


def up(state_dir: Path) -> int:
    """Start the cloud, deploy stage and pipeline, put sample data and the image of HEAD in.

    It is left running. On a running cloud it deploys again: what has changed in the app is there
    then.
    """
    branch = load_settings().source.branch
    ready = _make_ready(state_dir, pipeline=True)
    say(f"\nThe local cloud is up. Any AWS client can use it after:  . {state_dir / 'env'}")
    say(f"Mail arrives at         {ready.cloud.inbox_url}")
    say(f"Training data lies in   s3://{ready.deployment.data_bucket}/train/ and test/")
    if ready.cloud.engine is None:
        say("A push runs the pipeline as far as the image, which needs a container engine.")
    else:
        say(f"A push runs the pipeline: `make push`, or after `. {state_dir / 'env'}`")
        say(f'                          git push "$SOURCE_REPOSITORY" HEAD:{branch}')
    say("Release HEAD with `make release`; stop with `make down`.")
    return 0


def _make_ready(state_dir: Path, *, pipeline: bool) -> Ready:
    cloud = RunningCloud.find(state_dir)
    if cloud is None:
        engine = choose_engine(os.environ.get("ENGINE", "auto"), cache=state_dir / "cache")
        with step("Starting the local cloud"):
            cloud = RunningCloud.start(
                state_dir,
                engine=engine.program if engine else None,
                base_image=engine.base_image if engine else None,
                region=region_of(settings_file()),
            )
        try:
            SourceRepository(state_dir=state_dir).create()
            return _fill(cloud, engine, pipeline=pipeline)
        except BaseException:
            cloud.stop()
            raise
    say(f"The local cloud runs already (process {cloud.pid}).")
    return _fill(cloud, _engine_of(cloud), pipeline=pipeline)


def release(state_dir: Path) -> int:
    """Release HEAD on the running cloud; a person decides, or DECISION does."""
    cloud = _running(state_dir)
    decision = decision_wanted()  # A wrong DECISION is told before anything starts.
    deployment = read_outputs(cloud)
    with step("Putting the image of HEAD into the repository"):
        image = push_head(cloud, deployment, _engine_of(cloud), settings=load_settings())
    return release_image(cloud, deployment, image, committer=head_author(), decision=decision)


def push(state_dir: Path) -> int:
    """Run the pipeline on HEAD; with AGAIN on the newest commit that was pushed."""
    return pipeline_verbs.push(_running(state_dir), again=bool(os.environ.get("AGAIN")))


def pipeline(state_dir: Path) -> int:
    """Show the pipeline's state and last runs."""
    return pipeline_verbs.show(_running(state_dir))


def _running(state_dir: Path) -> RunningCloud:
    cloud = RunningCloud.find(state_dir)
    if cloud is None:
        raise LocalError(
            what="There is nothing to release on",
            why="the local cloud does not run",
            next_step="run `make up` first",
        )
    deployed_settings.use(state_dir)
    return cloud


def down(state_dir: Path) -> int:
    """Stop the cloud and everything that it has started."""
    cloud = RunningCloud.find(state_dir)
    if cloud is None:
        say("The local cloud does not run.")
        return 0
    with step("Stopping the local cloud"):
        cloud.stop()
    (state_dir / "env").unlink(missing_ok=True)
    return 0


def demo(state_dir: Path) -> int:
    """Everything once: up, a release of HEAD, two predictions, and down again."""
    decision = decision_wanted()  # A wrong DECISION is told before anything starts.
    if RunningCloud.find(state_dir):
        say("The local cloud runs already: the demo releases on it and leaves it running.")
        return release(state_dir)
    ready = _make_ready(state_dir, pipeline=False)
    say(f"\nMail arrives at  {ready.cloud.inbox_url}")
    stays = sys.stdin.isatty() and not decision
    if not stays and not decision:
        say(
            "The cloud stops after the release, and its links with it; `make up` keeps one running."
        )
    try:
        code = release_image(
            ready.cloud,
            ready.deployment,
            ready.image,
            committer=head_author(),
            decision=decision,
            stays=stays,
        )
        if stays:
            input("\nPress Enter to stop the local cloud. ")
        return code
    finally:
        down(state_dir)


def _fill(cloud: RunningCloud, engine: Engine | None, *, pipeline: bool) -> Ready:
    what = "stage and pipeline" if pipeline else "the stage's stacks"
    with step(f"cdk deploy: {what}, from the templates that AWS gets"):
        deployment = deploy(cloud, pipeline=pipeline)
    name, settings = deployed_settings.remember(cloud.state_dir), load_settings()
    with step("Putting the image of HEAD into the repository"):
        image = push_head(cloud, deployment, engine, settings=settings)
    put_sample_data(cloud, deployment, settings.model)
    for later in deployments(cloud)[1:]:
        put_sample_data(cloud, later, settings.model, trains=False)
    write_environment(cloud, deployment, image=image, settings=name)
    return Ready(cloud=cloud, deployment=deployment, image=image)


def _engine_of(cloud: RunningCloud) -> Engine | None:
    if cloud.engine is None:
        return None
    return choose_engine(cloud.engine, cache=cloud.state_dir / "cache")


if __name__ == "__main__":
    sys.exit(main())
