"""Source images: what stands for a container image where no container engine is.

A source image is an OCI artifact in ECR whose one layer is a tar.gz of the `container/` folder.
https://github.com/opencontainers/image-spec/blob/main/manifest.md#guidelines-for-artifact-usage
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import json
import os
import ssl
import tarfile
import urllib.parse
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

from boto3.session import Session
from botocore.exceptions import ClientError

from local.archives import unpack
from local.sagemaker.errors import ImageError
from local.sagemaker.images import ImageReference, find_image

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

ARTIFACT_TYPE = "application/vnd.mlops.source-image.v1"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
_LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"
_EMPTY_TYPE = "application/vnd.oci.empty.v1+json"
_EMPTY = b"{}"
_LEFT_OUT = frozenset({"__pycache__", ".git", ".venv", ".mypy_cache", ".pytest_cache"})


def publish_source_image(
    ecr_client: ECRClient, *, repository_name: str, tag: str, folder: Path
) -> str:
    """Push `folder` as a source image and return its manifest's digest (`sha256:…`).

    The same content always gives the same digest. Raises ValueError for a folder without a `train`
    or `serve` program, and the client's errors, such as ImageTagAlreadyExistsException.
    """
    missing = [name for name in ("train", "serve") if not (folder / name).is_file()]
    if missing:
        raise ValueError(f"{folder} has no {' and no '.join(missing)} program; give container/")
    layer = _pack(folder)
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "artifactType": ARTIFACT_TYPE,
            "config": _upload(ecr_client, repository_name, _EMPTY, _EMPTY_TYPE),
            "layers": [_upload(ecr_client, repository_name, layer, _LAYER_TYPE)],
        },
        sort_keys=True,
    )
    ecr_client.put_image(
        repositoryName=repository_name,
        imageTag=tag,
        imageManifest=manifest,
        imageManifestMediaType=MANIFEST_TYPE,
    )
    return _digest(manifest.encode())


def fetch_source_image(session: Session, *, uri: str, folder: Path) -> Path:
    """Fetch a source image with the session's role and unpack it, once, below `folder`.

    Returns the unpacked folder. Raises ImageError for a missing image, a denied role, or an image
    which is not a source image.
    """
    reference = ImageReference.parse(uri)
    client = session.client("ecr")
    try:
        image = find_image(session, uri)
        if image is None:
            raise ImageError(f"{uri} is not in ECR. Release the commit again to push it.")
        manifest = json.loads(image["imageManifest"])
        if manifest.get("artifactType") != ARTIFACT_TYPE:
            raise ImageError(
                f"{uri} is a container image and no container engine runs it here. Install Docker "
                "or Podman, or release the commit again without them."
            )
        digest = manifest["layers"][0]["digest"]
        target: Path = folder / digest.removeprefix("sha256:")
        if target.is_dir():
            return target
        url = client.get_download_url_for_layer(
            registryId=reference.account, repositoryName=reference.repository, layerDigest=digest
        )["downloadUrl"]
    except ClientError as error:
        raise ImageError(f"{uri} cannot be pulled: {error}") from error
    layer = _download(_reachable(url, client.meta.endpoint_url))
    if _digest(layer) != digest:
        raise ImageError(f"{uri} arrived damaged: its layer does not match {digest}.")
    scratch = folder / f".{target.name}.{os.getpid()}.{os.urandom(4).hex()}"
    with tarfile.open(fileobj=io.BytesIO(layer), mode="r:gz") as tar:
        unpack(tar, scratch)
    try:
        scratch.rename(target)
    except OSError:  # another job unpacked the same image first
        if not target.is_dir():
            raise
    return target


def _upload(client: ECRClient, repository: str, blob: bytes, media_type: str) -> dict[str, object]:
    upload = client.initiate_layer_upload(repositoryName=repository)
    size = max(upload["partSize"], 1)
    for first in range(0, len(blob), size):
        part = blob[first : first + size]
        client.upload_layer_part(
            repositoryName=repository,
            uploadId=upload["uploadId"],
            partFirstByte=first,
            partLastByte=first + len(part) - 1,
            layerPartBlob=part,
        )
    digest = _digest(blob)
    # ECR keeps one copy of equal layers.
    with contextlib.suppress(client.exceptions.LayerAlreadyExistsException):
        client.complete_layer_upload(
            repositoryName=repository, uploadId=upload["uploadId"], layerDigests=[digest]
        )
    return {"mediaType": media_type, "digest": digest, "size": len(blob)}


def _pack(folder: Path) -> bytes:
    # No times, owners or gzip header: the same content must give the same digest.
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as tar:
        for path in sorted(folder.rglob("*")):
            inside = path.relative_to(folder)
            if path.is_file() and not _LEFT_OUT.intersection(inside.parts):
                info = tarfile.TarInfo(inside.as_posix())
                info.size = path.stat().st_size
                info.mode = 0o755 if path.stat().st_mode & 0o100 else 0o644
                with path.open("rb") as file:
                    tar.addfile(info, file)
    return gzip.compress(plain.getvalue(), mtime=0)


def _digest(blob: bytes) -> str:
    return "sha256:" + hashlib.sha256(blob).hexdigest()


def _reachable(url: str, endpoint: str) -> str:
    # A local ECR answers with the amazonaws.com name of the registry, which is not this machine.
    if ".amazonaws.com" in urllib.parse.urlsplit(endpoint).netloc:
        return url
    parts, local = urllib.parse.urlsplit(url), urllib.parse.urlsplit(endpoint)
    return urllib.parse.urlunsplit((local.scheme, local.netloc, parts.path, parts.query, ""))


def _download(url: str) -> bytes:
    context = ssl.create_default_context(cafile=os.environ.get("AWS_CA_BUNDLE"))
    handler = urllib.request.HTTPSHandler(context=context)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), handler)
    try:
        with opener.open(url, timeout=60) as answer:
            body: bytes = answer.read()
            return body
    except OSError as error:
        raise ImageError(f"The image's layer cannot be downloaded: {error}") from error
