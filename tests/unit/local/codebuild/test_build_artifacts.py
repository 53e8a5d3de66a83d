"""Artifacts are what the patterns say, and a zip keeps modes and links."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from local.codebuild.artifacts import Artifacts, pack, select, unpack
from local.codebuild.errors import PhaseError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "src"
    for name in ("a.txt", "b.log", "sub/c.txt", "sub/deep/d.txt", ".hidden/e.txt"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    return root


@pytest.mark.parametrize(
    ("files", "found"),
    [
        (["**/*"], {"a.txt", "b.log", "sub/c.txt", "sub/deep/d.txt", ".hidden/e.txt"}),
        (["*"], {"a.txt", "b.log"}),
        (["sub/*"], {"sub/c.txt"}),
        (["sub/**/*"], {"sub/c.txt", "sub/deep/d.txt"}),
        (["**/*.txt"], {"a.txt", "sub/c.txt", "sub/deep/d.txt", ".hidden/e.txt"}),
        (["a.txt", "./b.log"], {"a.txt", "b.log"}),
        (["?.txt"], {"a.txt"}),
    ],
)
def test_patterns_select(folder: Path, files: list[str], found: set[str]) -> None:
    assert set(select(Artifacts(files=files), folder)) == found


def test_a_base_directory_excluded_and_discarded_paths(folder: Path) -> None:
    artifacts = Artifacts(
        files=["**/*"], base_directory="s*", exclude_paths=["c.*"], discard_paths=True
    )

    assert set(select(artifacts, folder)) == {"d.txt"}


@pytest.mark.parametrize(
    ("artifacts", "message"),
    [
        (Artifacts(files=["*.zip"]), "no matching artifact paths found"),
        (Artifacts(files=["*"], base_directory="dist"), "no matching base directory path found"),
    ],
)
def test_nothing_to_store_is_told_in_aws_words(
    folder: Path, artifacts: Artifacts, message: str
) -> None:
    with pytest.raises(PhaseError, match=message):
        select(artifacts, folder)


def test_a_zip_keeps_modes_and_links(folder: Path, tmp_path: Path) -> None:
    (folder / "a.txt").chmod(0o755)
    (folder / "link").symlink_to("sub/c.txt")
    (folder / "folder-link").symlink_to("sub")

    pack(select(Artifacts(files=["**/*"]), folder), tmp_path / "it.zip")
    unpack(tmp_path / "it.zip", tmp_path)

    assert (tmp_path / "a.txt").stat().st_mode & 0o111
    assert not (tmp_path / "b.log").stat().st_mode & 0o111
    assert (tmp_path / "link").read_text() == "sub/c.txt"
    assert (tmp_path / "folder-link").is_symlink()
    assert (tmp_path / ".hidden" / "e.txt").read_text() == ".hidden/e.txt"


def test_a_zip_stays_within_its_folder(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        archive.writestr("../../out.txt", "x")

    with pytest.raises(PhaseError, match="leads out of the source"):
        unpack(tmp_path / "bad.zip", tmp_path / "in")


def test_a_link_in_a_zip_stays_within_its_folder(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link")
    link.create_system, link.external_attr = 3, (0o120777) << 16
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")

    with pytest.raises(PhaseError, match="leads out of the source"):
        unpack(tmp_path / "bad.zip", tmp_path / "in")


def test_a_source_that_is_no_zip_is_told(tmp_path: Path) -> None:
    (tmp_path / "bad.zip").write_text("no")

    with pytest.raises(PhaseError, match="no zip file"):
        unpack(tmp_path / "bad.zip", tmp_path / "in")
