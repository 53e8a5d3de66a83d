"""What other programs need of a running cloud: sample data and `.local/env`."""

from __future__ import annotations

import shlex
from pathlib import Path

from local.deployment import Deployment
from local.image_build import PushedImage
from local.repository import SourceRepository
from local.running_cloud import RunningCloud
from local.terminal import say
from mlops_stacks.settings import SETTINGS_VARIABLE
from mlops_stacks.settings_sections import ModelSettings

_ROOT = Path(__file__).resolve().parent.parent


def put_sample_data(
    cloud: RunningCloud, deployment: Deployment, model: ModelSettings, *, trains: bool = True
) -> None:
    """Upload the model's sample, unless there is data already.

    Args:
        trains: whether a model is trained there; the environments after the first only test.
    """
    parts = ("train", "test") if trains else ("test",)
    client = deployment.session(cloud).client("s3")
    listing = client.list_objects_v2(
        Bucket=deployment.data_bucket, Prefix=f"{parts[0]}/", MaxKeys=1
    )
    if listing.get("Contents"):
        say(f"   The data that is in {parts[0]}/ stays.")
        return
    for part in parts:
        key = f"{part}/{model.name}.csv"
        sample = _ROOT / model.folder / "sample" / f"{part}.csv"
        client.upload_file(str(sample), deployment.data_bucket, key)


def write_environment(
    cloud: RunningCloud, deployment: Deployment, *, image: PushedImage, settings: str
) -> Path:
    """Write `env` in the cloud's folder: export lines that any AWS client can source.

    Args:
        settings: the file that is deployed, as the variable SETTINGS names it to the verbs.
    """
    root = cloud.environment(deployment.place.account, deployment.place.region)
    bundle = root["AWS_CA_BUNDLE"]
    variables = {
        **root,
        # For clients that are not AWS SDKs.
        "CURL_CA_BUNDLE": bundle,
        "REQUESTS_CA_BUNDLE": bundle,
        "SSL_CERT_FILE": bundle,
        "NODE_EXTRA_CA_CERTS": bundle,
        "STATE_MACHINE_ARN": deployment.state_machine_arn,
        "DATA_BUCKET": deployment.data_bucket,
        "COMMIT_TAG": image.tag,
        "IMAGE_URI": image.uri,
        "INFERENCE_URL": deployment.inference_url or "",
        "INBOX_URL": cloud.inbox_url,
        "SOURCE_REPOSITORY": str(SourceRepository(state_dir=cloud.state_dir).path),
        SETTINGS_VARIABLE: settings,
    }
    if deployment.environment:
        variables["ENVIRONMENT"] = deployment.environment
    lines = [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
    # A shell may have credentials of a real account; mixed with these they would be refused.
    lines.append("unset AWS_PROFILE AWS_SESSION_TOKEN")
    path = cloud.state_dir / "env"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
