#!/usr/bin/env python3
"""What Amazon ECR says of one repository's images, by the AWS CLI.

ecr.py REPOSITORY_URI find TAG       digest and media type; nothing if the tag is not there
ecr.py REPOSITORY_URI adopt TAG NEW  the same, and the image has the tag NEW from then on
ecr.py REPOSITORY_URI commit TAG     the commit in its label; nothing if it cannot be read
ecr.py REPOSITORY_URI newest         the tag of the newest image; nothing if there is none
"""

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

REVISION_LABEL = "org.opencontainers.image.revision"
_URI = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?/(?P<name>.+)"
)
# Without them ECR answers with a manifest that it has converted.
_MEDIA_TYPES = [
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
]


class EcrError(Exception):
    """ECR refused; `code` is its name for that."""

    def __init__(self, operation: str, message: str) -> None:
        super().__init__(f"ecr {operation}: {message}")
        found = re.search(r"\((\w+)\) when calling", message)
        self.code = found[1] if found else ""


@dataclass(frozen=True)
class Image:
    """An image as ECR stores it."""

    digest: str
    media_type: str
    manifest: str


@dataclass(frozen=True)
class Repository:
    """<account>.dkr.ecr.<region>.amazonaws.com[.cn]/<name>"""

    account: str
    region: str
    name: str

    @classmethod
    def parse(cls, uri: str) -> "Repository":
        """Raises EcrError for anything else."""
        match = _URI.fullmatch(uri)
        if match is None:
            raise EcrError("repository", f"{uri} is no repository in Amazon ECR")
        return cls(account=match["account"], region=match["region"], name=match["name"])

    def ask(self, operation: str, *arguments: str) -> dict[str, Any]:
        """ECR's answer to a question about this repository. Raises EcrError if it refuses."""
        command = [
            *("aws", "ecr", operation, "--registry-id", self.account, "--region", self.region),
            *("--repository-name", self.name, "--output", "json", *arguments),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise EcrError(operation, " ".join(done.stderr.split()))
        answer: dict[str, Any] = json.loads(done.stdout or "{}")
        return answer

    def find(self, tag: str) -> Image | None:
        """The image that has a tag."""
        types = ("--accepted-media-types", *_MEDIA_TYPES)
        answer = self.ask("batch-get-image", "--image-ids", f"imageTag={tag}", *types)
        for image in answer.get("images", []):
            media_type = image.get("imageManifestMediaType", "")
            return Image(image["imageId"]["imageDigest"], media_type, image["imageManifest"])
        return None

    def tag(self, image: Image, tag: str) -> None:
        """Give an image one more tag; the digest stays. It is no error if it has it already."""
        try:
            self.ask(
                "put-image",
                *("--image-tag", tag, "--image-digest", image.digest),
                *("--image-manifest", image.manifest),
                *("--image-manifest-media-type", image.media_type),
            )
        except EcrError as error:
            # https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutImage.html
            if error.code != "ImageAlreadyExistsException":
                raise

    def commit(self, image: Image) -> str:
        """The commit that an image was built of, by its label; "" where that cannot be read.

        The manifest names a small file with the labels: no need to pull the whole image.
        """
        import urllib.request  # slow to load, and seldom needed

        try:
            digest = json.loads(image.manifest)["config"]["digest"]
            answer = self.ask("get-download-url-for-layer", "--layer-digest", digest)
            with urllib.request.urlopen(answer["downloadUrl"], timeout=60) as file:  # noqa: S310
                labels = json.load(file)["config"]["Labels"]
            return str(labels[REVISION_LABEL])
        except (EcrError, OSError, ValueError, KeyError, TypeError):
            return ""

    def newest(self) -> str:
        """The tag of the image that was pushed last; "" if there is none."""
        answer = self.ask("describe-images", "--filter", "tagStatus=TAGGED")
        images = sorted(answer.get("imageDetails", []), key=lambda image: image["imagePushedAt"])
        return str(images[-1]["imageTags"][0]) if images else ""


def main(arguments: list[str]) -> int:
    """Answer one question; 1 if ECR refuses."""
    answer = ""
    try:
        match arguments:
            case [uri, "newest"]:
                answer = Repository.parse(uri).newest()
            case [uri, "find" | "adopt" | "commit" as question, tag, *new]:
                repository = Repository.parse(uri)
                found = repository.find(tag)
                if found and new:
                    repository.tag(found, new[0])
                if found and question == "commit":
                    answer = repository.commit(found)
                elif found:
                    answer = f"{found.digest} {found.media_type}"
            case _:
                print(__doc__, file=sys.stderr)
                return 2
    except EcrError as error:
        print(error, file=sys.stderr)
        return 1
    if answer:
        print(answer)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
