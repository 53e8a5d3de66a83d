"""What the figures were measured on: a machine's class, not its name."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from pathlib import Path


def machine(*, engine: str | None) -> dict[str, str]:
    """Processor, cores, memory, kernel, interpreter, and the container engine if there is one."""
    about = {
        "processor": _processor(Path("/proc/cpuinfo")),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "system": f"{platform.system()} {_version(platform.release())}, {platform.machine()}",
        "python": platform.python_version(),
    }
    if engine:
        asked = [engine, "--version"]
        said = subprocess.run(asked, capture_output=True, text=True, check=False)
        about["engine"] = said.stdout.strip()
    return about


def _version(release: str) -> str:
    """The kernel's, without what its maker has put behind it."""
    found = re.match(r"\d+\.\d+", release)
    return found.group() if found else release


def _processor(path: Path) -> str:
    """The model's name as Linux tells it, or the architecture."""
    found = re.search(r"^model name\s*:\s*(.+)$", path.read_text(), re.MULTILINE)
    return found.group(1) if found else platform.machine()
