"""Layer uploads of the ECR API for MiniStack, which accepts them but drops the bytes.

MiniStack 1.5.33 keeps layers that arrive by the Docker registry protocol only. With this, layers
uploaded by `UploadLayerPart` are kept in the same place, so that both protocols see both.
https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CompleteLayerUpload.html
"""

from __future__ import annotations

import base64
import hashlib
from types import ModuleType
from typing import Any

from local.sagemaker.json_value import Json


def keep_uploaded_layers(ecr: ModuleType) -> None:
    """Correct the given `ministack.services.ecr` module in place.

    Raises AttributeError when the module no longer has the parts that this builds upon.
    """
    upload_part, complete, put_image = (
        ecr._upload_layer_part,
        ecr._complete_layer_upload,
        ecr._put_image,
    )
    layers, manifests, failure = ecr._layer_blobs, ecr._manifest_blobs, ecr.error_response_json
    parts: dict[str, bytearray] = {}

    def keep_part(data: dict[str, Any]) -> Json:
        blob = base64.b64decode(data.get("layerPartBlob", ""))
        parts.setdefault(data.get("uploadId", ""), bytearray()).extend(blob)
        return upload_part(data)

    def finish(data: dict[str, Any]) -> Json:
        blob = bytes(parts.pop(data.get("uploadId", ""), b""))
        digest = "sha256:" + hashlib.sha256(blob).hexdigest()
        if not blob:
            return failure("EmptyUploadException", "The layer upload has no parts.", 400)
        if digest not in data.get("layerDigests", []):
            return failure("InvalidLayerException", f"The layer's digest is {digest}.", 400)
        # As the registry protocol does: replace the inner dict, the store persists on assignment.
        name = data.get("repositoryName", "")
        layers[name] = {**layers.get(name, {}), digest: blob}
        return complete(data)

    def keep_manifest(data: dict[str, Any]) -> Json:
        answer = put_image(data)
        if answer[0] == 200:
            raw = data.get("imageManifest", "").encode()
            name = data.get("repositoryName", "")
            digest = "sha256:" + hashlib.sha256(raw).hexdigest()
            manifests[name] = {**manifests.get(name, {}), digest: raw}
        return answer

    vars(ecr).update(
        _upload_layer_part=keep_part, _complete_layer_upload=finish, _put_image=keep_manifest
    )
