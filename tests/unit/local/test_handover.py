"""`.local/env` as a shell reads it."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from local.assembly import Place
from local.deployment import Deployment
from local.handover import write_environment
from local.image_build import PushedImage
from local.running_cloud import RunningCloud

_DEPLOYMENT = Deployment(
    state_machine_arn="arn:aws:states:us-east-1:123456789012:stateMachine:iris-release",
    data_bucket="data",
    repository_uri="123456789012.dkr.ecr.us-east-1.amazonaws.com/iris",
    inference_url="http://127.0.0.1:1/inference",
)


_IMAGE = PushedImage(tag="1a2b3c4d", uri=f"{_DEPLOYMENT.repository_uri}@sha256:{'9f' * 32}")


def _sourced(env: Path) -> dict[str, str]:
    """The exported variables after a shell of somebody else has read the file."""
    answer = subprocess.run(
        ["bash", "-c", 'set -eu; . "$0"; env -0', str(env)],
        env={"PATH": os.defpath, "AWS_PROFILE": "mine", "AWS_SESSION_TOKEN": "mine"},
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(line.split("=", 1) for line in answer.stdout.split("\0") if line)


@pytest.mark.parametrize("folder", ["plain", "with blanks", 'it\'s $HOME `id` "quoted"'])
def test_a_shell_reads_every_value_as_it_is(tmp_path: Path, folder: str) -> None:
    state_dir = tmp_path / folder
    state_dir.mkdir()
    cloud = RunningCloud(state_dir=state_dir, pid=1, port=4, site_port=5, engine=None)
    path = write_environment(cloud, _DEPLOYMENT, image=_IMAGE, settings="other/settings.toml")
    assert path == state_dir / "env"
    variables = _sourced(path)
    bundle = str(state_dir / "tls" / "bundle.pem")
    expected = {
        "AWS_ENDPOINT_URL": "https://127.0.0.1:4",
        "AWS_REGION": "us-east-1",
        "AWS_CA_BUNDLE": bundle,
        "CURL_CA_BUNDLE": bundle,
        "STATE_MACHINE_ARN": _DEPLOYMENT.state_machine_arn,
        "DATA_BUCKET": "data",
        "COMMIT_TAG": "1a2b3c4d",
        "IMAGE_URI": _IMAGE.uri,
        "INFERENCE_URL": "http://127.0.0.1:1/inference",
        "INBOX_URL": "http://127.0.0.1:5",
        "SOURCE_REPOSITORY": str(state_dir / "source.git"),
        "SETTINGS": "other/settings.toml",
    }
    assert {name: variables[name] for name in expected} == expected
    assert "AWS_PROFILE" not in variables
    assert "AWS_SESSION_TOKEN" not in variables


def test_a_cloud_without_an_inference_route_has_an_empty_link(tmp_path: Path) -> None:
    cloud = RunningCloud(state_dir=tmp_path, pid=1, port=4, site_port=5, engine=None)
    closed = replace(_DEPLOYMENT, inference_url=None)
    path = write_environment(cloud, closed, image=_IMAGE, settings="settings.toml")
    assert _sourced(path)["INFERENCE_URL"] == ""


def test_of_several_environments_it_is_the_firsts(tmp_path: Path) -> None:
    cloud = RunningCloud(state_dir=tmp_path, pid=1, port=4, site_port=5, engine=None)
    path = write_environment(cloud, _DEPLOYMENT, image=_IMAGE, settings="settings.toml")
    assert "ENVIRONMENT" not in _sourced(path)
    place = Place("222222222222", "eu-central-1")
    first = replace(_DEPLOYMENT, place=place, environment="dev")
    variables = _sourced(write_environment(cloud, first, image=_IMAGE, settings="settings.toml"))
    expected = {
        "ENVIRONMENT": "dev",
        "AWS_ACCESS_KEY_ID": "222222222222",
        "AWS_REGION": "eu-central-1",
        "AWS_DEFAULT_REGION": "eu-central-1",
    }
    assert {name: variables[name] for name in expected} == expected
