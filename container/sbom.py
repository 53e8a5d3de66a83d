#!/usr/bin/env python3
"""Prints what is installed here as a CycloneDX 1.6 document: the image's bill of materials.

    sbom.py [ROOT]

The Dockerfile runs it where the image's packages are: Debian's, Python's, Python itself. It has
neither time nor number in it: the same packages give the same document.
https://cyclonedx.org/docs/1.6/json/
"""

import email.parser
import json
import os
import platform
import sys
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Component = dict[str, Any]


def document(root: Path) -> dict[str, Any]:
    """The bill of materials of a file system."""
    system = _release(root)
    components = {
        component["bom-ref"]: component
        for found in (_debian(root, system), _python(root), _interpreter())
        for component in found
    }
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "operating-system",
                "name": system.get("ID", "linux"),
                "version": system.get("VERSION_ID", "unknown"),
            }
        },
        "components": [components[reference] for reference in sorted(components)],
    }


def _release(root: Path) -> dict[str, str]:
    try:
        lines = (root / "etc/os-release").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    return {key: value.strip('"') for key, _, value in (line.partition("=") for line in lines)}


def _debian(root: Path, system: dict[str, str]) -> Iterator[Component]:
    # https://github.com/package-url/purl-spec/blob/main/types-doc/deb-definition.md
    folder = root / "var/lib/dpkg"
    for path in (
        folder / "status",
        *sorted(folder.glob("status.d/*")),
    ):  # distroless has the latter
        if not path.is_file() or path.suffix == ".md5sums":
            continue
        for paragraph in path.read_text(encoding="utf-8").split("\n\n"):
            package = email.parser.HeaderParser().parsestr(paragraph)
            status = package.get("Status", "installed").split()
            if package.get("Package") and status[-1:] == ["installed"]:
                about = {"arch": package.get("Architecture", "")}
                if system.get("VERSION_CODENAME"):
                    about["distro"] = system["VERSION_CODENAME"]
                origin = system.get("ID", "debian")
                yield _component(
                    f"deb/{origin}", str(package["Package"]), package.get("Version", ""), about
                )


def _python(root: Path) -> Iterator[Component]:
    for folder, names, _ in os.walk(root):
        if Path(folder) == root:  # what the kernel shows, and what is mounted
            names[:] = [name for name in names if name not in ("proc", "sys", "dev", "run", "tmp")]
        for name in names:
            path = Path(folder, name, {".dist-info": "METADATA"}.get(Path(name).suffix, "PKG-INFO"))
            if Path(name).suffix in (".dist-info", ".egg-info") and path.is_file():
                about = email.parser.HeaderParser().parsestr(path.read_text("utf-8", "replace"))
                found = _component(
                    "pypi",
                    str(about["Name"]).lower().replace("_", "-"),
                    str(about["Version"]),
                )
                if expression := about.get("License-Expression"):
                    found["licenses"] = [{"expression": expression}]
                yield found


def _interpreter() -> Iterator[Component]:
    yield _component("generic", "python", platform.python_version())


def _component(
    kind: str, name: str, version: str, about: dict[str, str] | None = None
) -> Component:
    quoted = f"{urllib.parse.quote(name, safe='')}@{urllib.parse.quote(version, safe='')}"
    purl = f"pkg:{kind}/{quoted}"
    if about:
        purl += "?" + urllib.parse.urlencode(sorted(about.items()))
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}


if __name__ == "__main__":
    json.dump(document(Path(*sys.argv[1:2] or "/")), sys.stdout, indent=1)
