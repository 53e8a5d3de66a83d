"""From root to an ordinary user, where the platform's files allow it."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from plumbing import privileges

UID = 12345
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@pytest.fixture
def mount() -> Iterator[Path]:
    """A folder that any user may enter, as a platform's mount is; pytest's own are private."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def user(reads: Path, *writes: Path) -> int | None:
    environment = {"RUN_AS_UID": str(UID)}
    return privileges.ordinary_user(reads=reads, writes=writes, environment=environment)


def test_without_a_named_user_nothing_changes(mount: Path) -> None:
    assert privileges.ordinary_user(reads=mount, environment={}) is None
    before = (os.getuid(), os.getgid())
    privileges.become(None)
    assert (os.getuid(), os.getgid()) == before


@AS_ROOT
def test_the_named_user_gets_the_folders_to_write_and_what_is_in_them(mount: Path) -> None:
    writes = [mount / "staging", mount / "checkpoints"]
    for folder in writes:
        folder.mkdir(mode=0o700)
    kept = mount / "checkpoints" / "state"
    kept.touch(mode=0o600)
    (mount / "data.csv").write_text("a,1\n")
    assert user(mount, *writes) == UID
    assert {path.stat().st_uid for path in (*writes, kept)} == {UID}
    assert os.geteuid() == 0


@AS_ROOT
def test_files_for_root_alone_keep_us_root_and_say_so(
    mount: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (mount / "deep").mkdir()
    (mount / "deep" / "secret.csv").touch(mode=0o600)
    assert user(mount) is None
    assert "files are for root alone" in capsys.readouterr().err
    (mount / "deep").chmod(0o700)
    assert user(mount / "deep") is None
    assert os.geteuid() == 0


@AS_ROOT
def test_a_parent_for_root_alone_keeps_us_root(mount: Path) -> None:
    # Given a folder that is open itself, under one that only root may enter
    private = mount / "private"
    private.mkdir(mode=0o700)
    inside = private / "inside"
    inside.mkdir()
    inside.chmod(0o777)
    # When it is what the user is to read, or to write
    # Then the user would not get there, so we stay root
    assert user(inside) is None
    assert user(mount / "missing", inside) is None
    private.chmod(0o711)
    assert user(mount / "missing", inside) == UID


@AS_ROOT
def test_what_is_missing_keeps_nobody_from_the_rest(mount: Path) -> None:
    (mount / "dangling").symlink_to("nowhere")
    assert user(mount) == UID
    assert user(mount / "missing") == UID
    (mount / "later").touch(mode=0o600)
    assert user(mount) is None


@AS_ROOT
def test_root_is_given_up_for_good(mount: Path) -> None:
    child = os.fork()
    if child == 0:
        code = 1
        try:
            privileges.become(UID)
            try:
                os.setuid(0)
            except PermissionError:
                code = 0 if os.getresuid() == (UID, UID, UID) and os.getgroups() == [] else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert user(mount) == UID
