"""slim.py: what goes, what stays, and that packages work without it."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import slim

PARSE = """
import httptools

class Seen:
    def on_url(self, url): print(url.decode())

httptools.HttpRequestParser(Seen()).feed_data(b"GET /ping HTTP/1.1\\r\\n\\r\\n")
print(httptools.__file__)
"""


def _write(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")


def _left(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_what_no_program_uses_goes(tmp_path: Path) -> None:
    stays = {"a/__init__.py", "a/tests.py", "a/testing/x.py", "a-1.dist-info/licenses/LICENSE"}
    goes = (
        "a/tests/test_x.py",
        "a/b/tests/data.bin",
        "a/x.pyi",
        "a/x.c",
        "a/include/x.h",
        "a/y.pyx",
    )
    _write(tmp_path, *stays, *goes)
    slim.slim(tmp_path)
    assert _left(tmp_path) == stays


def test_stubs_stay_where_they_are_read_at_run_time(tmp_path: Path) -> None:
    _write(tmp_path, "lazy_loader/__init__.py", "a/__init__.pyi", "a/x.h")
    slim.slim(tmp_path)
    assert _left(tmp_path) == {"lazy_loader/__init__.py", "a/__init__.pyi"}


def test_what_a_link_points_to_outside_stays(tmp_path: Path) -> None:
    _write(tmp_path, "outside/tests/x.py", "venv/a.py")
    (tmp_path / "venv/tests").symlink_to(tmp_path / "outside/tests")
    (tmp_path / "venv/b.h").symlink_to(tmp_path / "outside/tests/x.py")
    slim.slim(tmp_path / "venv")
    assert (tmp_path / "outside/tests/x.py").is_file()


def test_a_stripped_extension_is_smaller_and_works(tmp_path: Path) -> None:
    found = importlib.util.find_spec("httptools")
    assert found is not None
    assert found.origin is not None
    package = tmp_path / "httptools"
    shutil.copytree(Path(found.origin).parent, package)
    [extension] = (package / "parser").glob("parser.*.so")
    before = extension.stat().st_size

    slim.slim(tmp_path)

    assert extension.stat().st_size < before
    done = subprocess.run(
        [sys.executable, "-c", PARSE],
        env={"PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == ["/ping", str(package / "__init__.py")]


def test_a_library_is_stripped_once(tmp_path: Path) -> None:
    found = importlib.util.find_spec("httptools.parser.parser")
    assert found is not None
    assert found.origin is not None
    library = tmp_path / "a.so"
    shutil.copy(found.origin, library)
    slim.strip(library)
    once = library.read_bytes()
    slim.strip(library)
    assert library.read_bytes() == once


def test_what_is_no_library_stays_as_it_is(tmp_path: Path) -> None:
    for content in (b"", b"\x7fELF", b"text" * 100):
        path = tmp_path / "a.so"
        path.write_bytes(content)
        slim.slim(tmp_path)
        assert path.read_bytes() == content
