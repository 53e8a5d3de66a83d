"""In-memory S3 and ECR behind a session, and a model image in plain Python."""

from __future__ import annotations

import hashlib
import io
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

from tests.unit.local.sagemaker.fake_cloudwatch import FakeCloudWatch

ACCOUNT = "123456789012"
REGION = "eu-central-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/Training"
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/models:abc"

TRAIN = """\
import json, os, pathlib, sys, time
root = pathlib.Path(os.environ["ML_ROOT"])
config = root / "input" / "config"
parameters = json.loads((config / "hyperparameters.json").read_text())
mode = parameters.get("mode", "good")
if mode == "fail":
    (root / "output" / "failure").write_text("x" * 3000 if "long" in parameters else "no labels")
    sys.exit(3)
if mode == "hang":
    import signal
    def leave(*_):
        (root / "model" / "partial").write_text("saved at SIGTERM")
        sys.exit(0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN if "deaf" in parameters else leave)
    print("hanging", flush=True)
    time.sleep(600)
files = sorted(p for p in (root / "input" / "data").rglob("*") if p.is_file())
rows = [line for p in files for line in p.read_text().splitlines()]
print("accuracy=0.5;")
print("accuracy=0.75;")
seen = {
    "rows": len(rows),
    "files": [str(p.relative_to(root / "input" / "data")) for p in files],
    "parameters": parameters,
    "channels": json.loads((config / "inputdataconfig.json").read_text()),
    "resources": json.loads((config / "resourceconfig.json").read_text()),
    "environment": dict(os.environ),
}
(root / "model" / "model.json").write_text(json.dumps(seen))
if mode == "checkpoints":
    seen = sorted((root / "checkpoints").rglob("*.txt"))
    (root / "checkpoints" / "deep").mkdir(exist_ok=True)
    (root / "checkpoints" / "deep" / f"step-{len(seen)}.txt").write_text("saved")
    for path in seen if "prune" in parameters else ():
        path.unlink()
    if "broken" in parameters:
        sys.exit(1)
if mode == "report":
    (root / "output" / "data" / "report.txt").write_text("fine")
"""

SERVE = """\
import json, os, pathlib, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
model = pathlib.Path(os.environ["ML_ROOT"]) / "model"
mode = os.environ.get("MODE", "good")
if mode == "exit":
    print("no model here", flush=True)
    sys.exit(4)
busy, most, lock = 0, 0, threading.Lock()
failures = {}
started = time.monotonic()

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path == "/ping":
            late = mode == "late" and time.monotonic() < started + 1
            self.answer(503 if mode == "sick" or late else 200)
        elif self.path == "/execution-parameters" and "WISHES" in os.environ:
            self.answer(200, os.environ["WISHES"].encode())
        else:
            self.answer(404)

    def do_POST(self):
        global busy, most
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        with lock:
            busy += 1
            most = max(most, busy)
        try:
            self.predict(body)
        finally:
            with lock:
                busy -= 1

    def predict(self, body):
        if "refuse" in body:
            return self.answer(400, b"cannot read this row")
        if "crash" in body:
            return self.answer(500, b"division by zero")
        if "flaky" in body and failures.setdefault(body, 0) < 1:
            failures[body] += 1
            return self.answer(500, b"try again")
        if "sleep" in body:
            time.sleep(600)
        if "who" in body:
            text = json.dumps({"environment": dict(os.environ), "most": most,
                               "headers": dict(self.headers)})
            return self.answer(200, text.encode(), Content_Type="application/json")
        if mode == "slow":
            time.sleep(0.2)
        lines = body.splitlines()
        if self.headers.get("Content-Type") == "application/jsonlines":
            labels = [{"label": json.loads(line).get("x")} for line in lines]
            text = "".join(json.dumps(label) + "\\n" for label in labels)
        elif mode == "count":
            text = f"{len(lines)}\\n" * len(lines)
        else:
            text = "".join(line.replace(",", "+") + "\\n" for line in lines)
        if "short" in body:
            text = "only one\\n"
        self.answer(200, text.encode(), Content_Type=self.headers.get("Content-Type", ""))

port = int(os.environ["SAGEMAKER_BIND_TO_PORT"])
ThreadingHTTPServer.request_queue_size = 64  # Five, its own, drop callers on a busy machine.
ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""


def refusal(code: str, operation: str = "Call") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": f"{code} here"}}, operation)


class FakeS3:
    """Objects by (bucket, key)."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], bytes] = {}
        self.encryption: dict[tuple[str, str], Mapping[str, str]] = {}
        self.denied: set[str] = set()
        self.hold_downloads: threading.Event | None = None
        self.meta = SimpleNamespace(endpoint_url="https://localhost:1")

    def get_paginator(self, _name: str) -> FakeS3:
        return self

    def paginate(self, *, Bucket: str, Prefix: str) -> Iterator[dict[str, Any]]:  # noqa: N803
        if "list" in self.denied:
            raise refusal("AccessDenied", "ListObjectsV2")
        keys = sorted(k for b, k in self.objects if b == Bucket and k.startswith(Prefix))
        yield {"Contents": [{"Key": key} for key in keys]}

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        if "get" in self.denied or (Bucket, Key) not in self.objects:
            raise refusal("AccessDenied", "GetObject")
        return {"Body": _Body(self.objects[Bucket, Key], self.hold_downloads)}

    def head_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        if (Bucket, Key) not in self.objects:
            raise refusal("404", "HeadObject")
        return {}

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, **extra: str) -> None:  # noqa: N803
        if "put" in self.denied:
            raise refusal("AccessDenied", "PutObject")
        self.objects[Bucket, Key] = Body
        self.encryption[Bucket, Key] = extra

    def delete_object(self, *, Bucket: str, Key: str) -> None:  # noqa: N803
        del self.objects[Bucket, Key]

    def upload_file(self, path: str, bucket: str, key: str, ExtraArgs: dict[str, str]) -> None:  # noqa: N803
        with open(path, "rb") as file:  # noqa: PTH123
            self.put_object(Bucket=bucket, Key=key, Body=file.read(), **ExtraArgs)


class _Body(io.BytesIO):
    def __init__(self, content: bytes, hold: threading.Event | None) -> None:
        super().__init__(content)
        self._hold = hold

    def iter_chunks(self, _size: int) -> Iterator[bytes]:
        for position in range(0, max(1, len(self.getvalue())), 4):
            if self._hold is not None:
                self._hold.wait(0.05)
            yield self.getvalue()[position : position + 4]


class FakeEcr:
    """One registry with the API that pushing and pulling needs, and its layers over HTTP."""

    exceptions = SimpleNamespace(LayerAlreadyExistsException=KeyError)

    def __init__(self) -> None:
        self.repositories: dict[str, dict[str, tuple[str, str]]] = {"models": {}}
        self.blobs: dict[str, bytes] = {}
        self.denied = False
        self._uploads: dict[str, bytearray] = {}
        blobs = self.blobs

        class Layers(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                blob = blobs.get(self.path.rpartition("/")[2])
                self.send_response(200 if blob is not None else 404)
                self.end_headers()
                self.wfile.write(blob or b"")

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Layers)
        serve = self._server.serve_forever
        threading.Thread(target=serve, kwargs={"poll_interval": 0.01}, daemon=True).start()
        self.meta = SimpleNamespace(endpoint_url=f"http://127.0.0.1:{self._server.server_port}")

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def initiate_layer_upload(self, *, repositoryName: str) -> dict[str, Any]:  # noqa: N803
        upload = f"{repositoryName}-{len(self._uploads)}"
        self._uploads[upload] = bytearray()
        return {"uploadId": upload, "partSize": 100}

    def upload_layer_part(self, *, uploadId: str, layerPartBlob: bytes, **_: object) -> None:  # noqa: N803
        assert len(layerPartBlob) <= 100
        self._uploads[uploadId] += layerPartBlob

    def complete_layer_upload(self, *, uploadId: str, layerDigests: list[str], **_: object) -> None:  # noqa: N803
        blob = bytes(self._uploads[uploadId])
        assert layerDigests == ["sha256:" + hashlib.sha256(blob).hexdigest()]
        self.blobs[layerDigests[0]] = blob

    def put_image(
        self,
        *,
        repositoryName: str,  # noqa: N803
        imageTag: str,  # noqa: N803
        imageManifest: str,  # noqa: N803
        imageManifestMediaType: str,  # noqa: N803
    ) -> None:
        digest = "sha256:" + hashlib.sha256(imageManifest.encode()).hexdigest()
        for name in (imageTag, digest):
            self.repositories[repositoryName][name] = (imageManifest, imageManifestMediaType)

    def batch_get_image(
        self,
        *,
        repositoryName: str,  # noqa: N803
        imageIds: list[dict[str, str]],  # noqa: N803
        **_: object,
    ) -> dict[str, Any]:
        if self.denied:
            raise refusal("AccessDeniedException", "BatchGetImage")
        if repositoryName not in self.repositories:
            raise refusal("RepositoryNotFoundException", "BatchGetImage")
        name = next(iter(imageIds[0].values()))
        manifest = self.repositories[repositoryName].get(name)
        return {"images": [{"imageManifest": manifest[0]}] if manifest else []}

    def get_download_url_for_layer(self, *, layerDigest: str, **_: object) -> dict[str, str]:  # noqa: N803
        host = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
        return {"downloadUrl": f"https://{host}/v2/models/blobs/{layerDigest}"}


class FakeSession:
    """A role's session on the fakes, with credentials that containers get to see."""

    def __init__(self, s3: FakeS3, ecr: FakeEcr, cloudwatch: FakeCloudWatch | None = None) -> None:
        self._clients: dict[str, Any] = {
            "s3": s3,
            "ecr": ecr,
            "sts": s3,
            "cloudwatch": cloudwatch,
        }

    def client(self, name: str, **_: object) -> Any:  # noqa: ANN401 - a session's clients differ
        return self._clients[name]

    def get_credentials(self) -> Any:  # noqa: ANN401
        frozen = SimpleNamespace(access_key="AKIAROLE", secret_key="c2VjcmV0", token="dG9rZW4")  # noqa: S106
        return SimpleNamespace(get_frozen_credentials=lambda: frozen)
