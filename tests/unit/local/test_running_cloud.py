"""Starting, finding and stopping a cloud; sessions that know one cloud only."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import running_cloud
from local.deployment import read_outputs, session
from local.running_cloud import RunningCloud
from local.terminal import LocalError

_FOREIGN = {
    "AWS_PROFILE": "somebody-elses",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    "AWS_ACCESS_KEY_ID": "theirs",
    "AWS_SECRET_ACCESS_KEY": "theirs",
    "AWS_SESSION_TOKEN": "theirs",
    "AWS_REGION": "eu-north-1",
    "AWS_CA_BUNDLE": "/nowhere",
}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCloud]:
    """A cloud with nothing on it."""
    started = RunningCloud.start(tmp_path_factory.mktemp("cloud"), engine=None)
    yield started
    started.stop()


def test_a_session_is_the_clouds_root_whatever_the_environment_says(
    cloud: RunningCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in _FOREIGN.items():
        monkeypatch.setenv(name, value)
    before = dict(os.environ)
    made = session(cloud)
    identity = made.client("sts").get_caller_identity()
    assert identity["Arn"] == "arn:aws:iam::123456789012:root"
    assert made.client("s3").meta.endpoint_url == cloud.environment()["AWS_ENDPOINT_URL"]
    assert made.region_name == "us-east-1"
    assert dict(os.environ) == before


def test_it_is_found_by_its_folder_alone(cloud: RunningCloud, tmp_path: Path) -> None:
    assert RunningCloud.find(cloud.state_dir) == cloud
    assert RunningCloud.find(tmp_path) is None


def test_without_stacks_it_says_what_to_do(cloud: RunningCloud) -> None:
    with pytest.raises(LocalError, match=r"(?s)not deployed.*`make down`, then `make up`"):
        read_outputs(cloud)


def test_a_stopped_cloud_is_gone_and_can_be_started_again(tmp_path: Path) -> None:
    for _ in range(2):
        cloud = RunningCloud.start(tmp_path, engine=None)
        assert cloud.is_running()
        cloud.stop()
        assert not cloud.is_running()
        assert RunningCloud.find(tmp_path) is None
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", cloud.port)) != 0
        assert not (tmp_path / "tmp").exists()
    cloud.stop()  # Once more does no harm.


def test_a_record_of_another_process_is_not_taken_for_a_cloud(tmp_path: Path) -> None:
    # Given the record of a cloud that ended, whose number another process has got
    record = {"pid": os.getpid(), "port": 1, "site_port": 2, "engine": None}
    (tmp_path / "cloud.json").write_text(json.dumps(record), encoding="utf-8")
    # Then it is not found, nor stopped
    assert RunningCloud.find(tmp_path) is None
    RunningCloud(state_dir=tmp_path, pid=os.getpid(), port=1, site_port=2, engine=None).stop()


def test_a_cloud_that_cannot_start_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setattr(running_cloud, "_free_ports", lambda: (port, port))
        with pytest.raises(LocalError, match=r"(?s)did not start.*ddress already in use.*read "):
            RunningCloud.start(tmp_path, engine=None)
    assert RunningCloud.find(tmp_path) is None
