#!/usr/bin/env python3
"""Prints the tag that stands for what an image is made of: content-<16 hexadecimal digits>.

It comes from the files that .dockerignore lets through to the engine, the Dockerfile, the base
image and the platform. A commit that changes none of these needs no image of its own.
"""

import argparse
import hashlib
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def content_tag(folder: Path, *, base_image: str, platform: str) -> str:
    """The tag of a container folder's content.

    Args:
        folder: holds Dockerfile and .dockerignore.
        base_image: what stands in for the Dockerfile's base image; "" for none.
        platform: what the image runs on, such as linux/amd64.

    Raises:
        ValueError: .dockerignore is more than a list of exceptions.
    """
    digest = hashlib.sha256()
    for name in ("Dockerfile", ".dockerignore", *_sent(folder)):
        _add(digest, name.encode())
        _add(digest, (folder / name).read_bytes())
    _add(digest, base_image.encode())
    _add(digest, platform.encode())
    return f"content-{digest.hexdigest()[:16]}"


def _add(digest: "hashlib._Hash", part: bytes) -> None:
    # With its length, or two neighbours could share their bytes out otherwise.
    digest.update(len(part).to_bytes(8, "big") + part)


def _sent(folder: Path) -> list[str]:
    """Names of the files that the engine gets, sorted."""
    lines = (folder / ".dockerignore").read_text(encoding="utf-8").splitlines()
    patterns = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    if patterns[:1] != ["*"] or not all(pattern.startswith("!") for pattern in patterns[1:]):
        raise ValueError(
            "container/.dockerignore has to be `*` and then only lines of `!` and what the "
            "Dockerfile copies: nothing else tells what the image is made of"
        )
    found: set[Path] = set()
    for pattern in patterns[1:]:
        for path in folder.glob(pattern[1:].strip("/")):
            found.update(path.rglob("*") if path.is_dir() else [path])
    return sorted(
        path.relative_to(folder).as_posix()
        for path in found
        if path.is_file() and "__pycache__" not in path.parts
    )


def main() -> int:
    """Print the tag; 1 if there is none."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base-image", default="")
    parser.add_argument("--platform", default="linux/amd64")
    arguments = parser.parse_args()
    try:
        print(content_tag(HERE, base_image=arguments.base_image, platform=arguments.platform))
    except (OSError, ValueError) as error:
        print(f"Error: {error}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
