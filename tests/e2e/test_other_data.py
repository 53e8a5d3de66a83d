"""Other people's data, without a change of code."""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Iterator

import pytest

from local.image_build import PushedImage
from tests.e2e.system import Approved, System
from tests.e2e.tree import ROOT
from tests.e2e.web import ask_signed

# scikit-learn's data sets are in the environment of the container's tests.
_CONTAINER_PYTHON = os.environ.get("CONTAINER_PYTHON") or str(
    ROOT / ".local" / "container-env" / "bin" / "python"
)
_WRITE = """\
import sys
from sklearn import datasets
data = getattr(datasets, f"load_{sys.argv[1]}")()
for features, target in zip(data.data.tolist(), data.target.tolist()):
    print(data.target_names[target], *features, sep=",")
"""


def _rows(name: str) -> list[str]:
    """A data set as rows of CSV, label first, in a shuffled but always equal order."""
    written = subprocess.run(
        [_CONTAINER_PYTHON, "-c", _WRITE, name],
        capture_output=True,
        text=True,
        check=True,
    )
    rows = written.stdout.splitlines()
    random.Random(1).shuffle(rows)  # noqa: S311 - no secret, the same every time
    return rows


@pytest.fixture
def other(data: System) -> Iterator[System]:
    """The system for another data set; its model does not stay on the endpoint."""
    yield data
    data.delete_endpoint()


@pytest.mark.parametrize("name", ["wine", "breast_cancer"])
def test_another_data_set_is_released_as_it_is(
    other: System, first: Approved, image: PushedImage, name: str
) -> None:
    # Given another data set in place of the iris
    assert first.outcome.status == "SUCCEEDED"
    rows = _rows(name)
    quarter = len(rows) // 4
    other.put_data("train", {"part-1.csv": "\n".join(rows[quarter:]) + "\n"})
    other.put_data("test", {"part-1.csv": "\n".join(rows[:quarter])})
    # When the same commit is released
    release = other.release(image)
    outcome = other.approved(release)
    # Then the mail tells a good accuracy over all held-out rows, and the endpoint predicts
    assert outcome.status == "SUCCEEDED", outcome
    evaluation = outcome.output["evaluation"]
    assert evaluation["rows"] == quarter
    accuracy = evaluation["metrics"]["accuracy"]
    assert accuracy > 0.8
    assert f"{accuracy * 100:.1f} %" in release.mails()[0]["body"]
    labels = [row.partition(",")[0] for row in rows[:quarter]]
    held_out = "\n".join(row.partition(",")[2] for row in rows[:quarter])
    answer = ask_signed(other.cloud, other.inference_url, {"data": held_out})
    hits = sum(a == b for a, b in zip(answer.json()["result"], labels, strict=True))
    assert hits / quarter == pytest.approx(accuracy)
