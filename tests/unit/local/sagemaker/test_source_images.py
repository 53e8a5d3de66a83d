"""Publishing and fetching source images."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import pytest

from local.sagemaker.errors import ApiError, ImageError
from local.sagemaker.images import ImageReference
from local.sagemaker.source_images import fetch_source_image, publish_source_image
from tests.unit.local.sagemaker.fakes import IMAGE, FakeEcr, FakeS3, FakeSession


def publish(ecr: FakeEcr, folder: Path) -> str:
    return publish_source_image(cast(Any, ecr), repository_name="models", tag="abc", folder=folder)


def fetch(ecr: FakeEcr, uri: str, folder: Path) -> Path:
    return fetch_source_image(cast(Any, FakeSession(FakeS3(), ecr)), uri=uri, folder=folder)


def test_what_is_published_is_fetched_by_tag_and_by_digest(
    ecr: FakeEcr, source_folder: Path, tmp_path: Path
) -> None:
    # Given a folder with a program in a sub-folder and things that do not belong
    (source_folder / "plumbing").mkdir()
    (source_folder / "plumbing" / "paths.py").write_text("ROOT = 1\n")
    (source_folder / "__pycache__").mkdir()
    (source_folder / "__pycache__" / "x.pyc").write_text("x")
    (source_folder / "train").chmod(0o755)
    # When it is published and fetched
    digest = publish(ecr, source_folder)
    by_tag = fetch(ecr, IMAGE, tmp_path / "fetched")
    by_digest = fetch(ecr, IMAGE.replace(":abc", f"@{digest}"), tmp_path / "fetched")
    # Then both are the same folder with the same content
    assert by_tag == by_digest
    assert (by_tag / "plumbing" / "paths.py").read_text() == "ROOT = 1\n"
    assert (by_tag / "train").stat().st_mode & 0o111
    assert not (by_tag / "__pycache__").exists()


def test_the_digest_depends_on_the_content_alone(
    ecr: FakeEcr, source_folder: Path, tmp_path: Path
) -> None:
    first = publish(ecr, source_folder)
    copy = tmp_path / "elsewhere"
    copy.mkdir()
    for path in sorted(source_folder.iterdir(), reverse=True):
        (copy / path.name).write_text(path.read_text())
    assert publish(ecr, copy) == first
    (copy / "train").write_text("print('other')")
    assert publish(ecr, copy) != first


def test_the_manifest_says_what_it_is(ecr: FakeEcr, source_folder: Path) -> None:
    digest = publish(ecr, source_folder)
    manifest = json.loads(ecr.repositories["models"][digest][0])
    assert manifest["artifactType"] == "application/vnd.mlops.source-image.v1"
    assert [layer["size"] for layer in manifest["layers"]] == [
        len(ecr.blobs[manifest["layers"][0]["digest"]])
    ]


def test_a_folder_without_programs_is_refused(ecr: FakeEcr, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="has no train and no serve program"):
        publish(ecr, tmp_path)


def test_fetching_says_what_is_wrong(ecr: FakeEcr, source_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="is not in ECR"):
        fetch(ecr, IMAGE, tmp_path)
    publish(ecr, source_folder)
    for digest, blob in ecr.blobs.items():
        ecr.blobs[digest] = blob[:-1] + b"x"
    with pytest.raises(ImageError, match="arrived damaged"):
        fetch(ecr, IMAGE, tmp_path)
    ecr.blobs.clear()
    with pytest.raises(ImageError, match="cannot be downloaded"):
        fetch(ecr, IMAGE, tmp_path)
    ecr.denied = True
    with pytest.raises(ImageError, match=r"cannot be pulled: .*AccessDenied"):
        fetch(ecr, IMAGE, tmp_path)


@pytest.mark.parametrize(
    ("uri", "suffix"),
    [
        (IMAGE, ":abc"),
        (IMAGE.removesuffix(":abc"), ":latest"),
        (IMAGE + "@sha256:" + "0" * 64, "@sha256:" + "0" * 64),
    ],
)
def test_references(uri: str, suffix: str) -> None:
    reference = ImageReference.parse(uri)
    assert reference.repository == "models"
    assert reference.suffix == suffix


def test_an_image_elsewhere_is_refused() -> None:
    with pytest.raises(ApiError, match="Using non-ECR image"):
        ImageReference.parse("docker.io/library/python:3")
