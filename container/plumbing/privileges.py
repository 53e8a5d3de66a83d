"""Starts as root, works as an ordinary user.

SageMaker documents that containers must start as root, as its mounts may be root's:
https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
The model's code needs no such rights. So the image names an ordinary user in RUN_AS_UID, and
whatever handles data becomes that user, unless the platform's files are for root alone.
"""

import contextlib
import os
import pwd
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from plumbing import log


def ordinary_user(
    *, reads: Path, writes: Sequence[Path] = (), environment: Mapping[str, str] = os.environ
) -> int | None:
    """The user id to become, or None to stay what we are.

    ``reads`` is what the user must be able to read, sub-folders too; the folders ``writes`` are
    made over to the user with all that is in them.
    """
    uid = int(environment.get("RUN_AS_UID") or 0)
    if uid == 0 or os.geteuid() != 0:
        return None
    try:
        for folder in writes:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, uid, uid, follow_symlinks=False)
        with _acting_as(uid):
            usable = _readable(reads) and all(map(_writable, writes))
    except OSError as error:
        log.error("cannot change the user, staying root", error, uid=uid)
        return None
    if not usable:
        log.error("files are for root alone, staying root", uid=uid, folder=str(reads))
        return None
    return uid


def become(uid: int | None) -> None:
    """Gives up root for good; does nothing for None."""
    if uid is None:
        return
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)
    with contextlib.suppress(KeyError):  # a user without an entry has no home
        os.environ["HOME"] = pwd.getpwuid(uid).pw_dir


@contextlib.contextmanager
def _acting_as(uid: int) -> Iterator[None]:
    groups = os.getgroups()
    os.setgroups([])
    os.setegid(uid)
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)


def _readable(folder: Path) -> bool:
    """Whether the effective user can read everything; what is missing is not its concern."""
    for path in (folder, *folder.rglob("*")):
        try:
            is_folder = stat.S_ISDIR(path.stat().st_mode)
        except FileNotFoundError:
            continue
        except PermissionError:
            return False
        # By default the answer would be for the real user, who is root.
        if not os.access(path, os.R_OK | (os.X_OK if is_folder else 0), effective_ids=True):
            return False
    return True


def _writable(folder: Path) -> bool:
    return os.access(folder, os.W_OK | os.X_OK, effective_ids=True)
