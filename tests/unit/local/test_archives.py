"""Archives are unpacked within their folder, on every Python that the project runs on."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from local.archives import unpack


def _archive(name: str, *, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarFile:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        member = tarfile.TarInfo(name)
        member.type, member.linkname, member.mode = kind, target, 0o755
        body = b"content" if kind == tarfile.REGTYPE else b""
        member.size = len(body)
        tar.addfile(member, io.BytesIO(body))
    content.seek(0)
    return tarfile.open(fileobj=content)


@pytest.fixture(params=["filters", "no filters"])
def _python(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "no filters":
        monkeypatch.delattr(tarfile, "data_filter", raising=False)


@pytest.mark.usefixtures("_python")
def test_a_file_keeps_its_content_and_may_be_run(tmp_path: Path) -> None:
    with _archive("part/serve") as tar:
        unpack(tar, tmp_path)

    assert (tmp_path / "part" / "serve").read_bytes() == b"content"
    assert (tmp_path / "part" / "serve").stat().st_mode & 0o100


@pytest.mark.usefixtures("_python")
@pytest.mark.parametrize(
    ("name", "kind", "target"),
    [
        ("../outside", tarfile.REGTYPE, ""),
        ("part/../../outside", tarfile.REGTYPE, ""),
        ("link", tarfile.SYMTYPE, "../outside"),
        ("pipe", tarfile.FIFOTYPE, ""),
    ],
)
def test_nothing_leaves_the_folder(tmp_path: Path, name: str, kind: bytes, target: str) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()

    with _archive(name, kind=kind, target=target) as tar, pytest.raises(tarfile.TarError):
        unpack(tar, folder)

    assert not list(folder.iterdir())
    assert not (tmp_path / "outside").exists()
