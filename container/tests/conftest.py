"""Fixtures: one model trained and served for all tests that only ask it; the build's bench."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from build_bench import Bench
from hypothesis import settings
from support import SAMPLE, Server, ml_root, served, train

# No test is timed: a busy machine is not a fault.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree under /opt/ml after `train` ran on the sample data."""
    content = (SAMPLE / "train.csv").read_bytes()
    root = ml_root(tmp_path_factory.mktemp("trained"), {"train.csv": content})
    finished = train(root)
    assert finished.returncode == 0, finished.stderr
    return root


@pytest.fixture(scope="session")
def server(trained: Path) -> Iterator[Server]:
    """The trained sample model, served; at most 1 MB a request."""
    with served(trained, extra={"SAGEMAKER_MAX_PAYLOAD_IN_MB": "1"}) as running:
        yield running


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Where build-and-push.sh runs."""
    return Bench(tmp_path)
