"""The HTTP answers of a served model, as a plain ASGI application.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-batch-code.html
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

import model as room

from plumbing import log, media, prediction
from plumbing.payload import JSON, BadRequestError
from plumbing.serving_settings import MEBIBYTE, ServingSettings

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

METHODS = {"/ping": "GET", "/execution-parameters": "GET", "/invocations": "POST"}
# Bigger bodies are worked on in a thread, so that /ping is answered meanwhile (2 s are allowed).
INLINE_BYTES = 64 * 1024


class HttpError(Exception):
    """An answer other than 200."""

    def __init__(self, status: int, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers


class ClientGoneError(Exception):
    """The client closed the connection before its request was complete."""


class InferenceApp:
    """/ping answers 503 until ``load`` has succeeded; invocations wait until it has ended.

    They wait, because another worker that is ready may have answered the /ping before them.
    """

    def __init__(self, settings: ServingSettings) -> None:
        self._limit = settings.payload_limit
        self._parameters = json.dumps(settings.execution_parameters()).encode()
        self._model: room.Model | None = None
        self._unready = "The model is still loading. Try again shortly."
        self._load_ended = asyncio.Event()

    async def load(self, folder: Path) -> None:
        """Loads the model; on failure logs why and keeps answering 503."""
        try:
            self._model = await asyncio.to_thread(room.load, folder)
        except Exception as error:
            self._unready = f"The model in {folder} could not be loaded. The log says why."
            log.error("model could not be loaded", error, folder=str(folder))
        finally:
            self._load_ended.set()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        content_type, headers = JSON, {}
        try:
            status, content_type, body = 200, *await self._answer(scope, receive)
        except ClientGoneError:
            return
        except HttpError as error:
            status, headers = error.status, error.headers
            body = json.dumps({"error": str(error)}).encode()
        except BadRequestError as error:
            status, body = 400, json.dumps({"error": str(error)}).encode()
        except Exception as error:
            log.error("request failed", error, path=scope["path"])
            status, body = 500, b'{"error": "The prediction failed. The log says why."}'
        lines = [
            (b"content-type", content_type.encode()),
            (b"content-length", b"%d" % len(body)),
            *((name.encode(), value.encode()) for name, value in headers.items()),
        ]
        await send({"type": "http.response.start", "status": status, "headers": lines})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: Message, receive: Receive) -> tuple[str, bytes]:
        path, method = scope["path"], scope["method"]
        allowed = METHODS.get(path)
        if allowed is None:
            raise HttpError(404, f"There is no such path. Use one of {', '.join(METHODS)}.")
        if method != allowed and not (method == "HEAD" and allowed == "GET"):
            raise HttpError(405, f"{path} answers {allowed} only.", allow=allowed)
        if path == "/execution-parameters":
            return JSON, self._parameters
        if self._model is None and path == "/invocations":
            await self._load_ended.wait()
        if self._model is None:
            raise HttpError(503, self._unready)
        if path == "/ping":
            return JSON, b"{}"
        return await self._invoke(self._model, scope, receive)

    async def _invoke(
        self, model: room.Model, scope: Message, receive: Receive
    ) -> tuple[str, bytes]:
        headers = dict(scope["headers"])
        given = media.content_type(headers.get(b"content-type", b"").decode("latin-1"))
        if given is None:
            raise HttpError(415, f"Send a Content-Type of {media.SUPPORTED}, in UTF-8.")
        wanted = media.accepted(headers.get(b"accept", b"").decode("latin-1"), given)
        if wanted is None:
            raise HttpError(406, f"The answer can be {media.SUPPORTED}. Accept one of them.")
        body = await self._read(headers, receive)
        if len(body) <= INLINE_BYTES:
            return wanted, prediction.answer(model, body, given=given, wanted=wanted)
        return wanted, await asyncio.to_thread(
            prediction.answer, model, body, given=given, wanted=wanted
        )

    async def _read(self, headers: dict[bytes, bytes], receive: Receive) -> bytes:
        self._check_size(int(headers.get(b"content-length", b"0")))
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientGoneError
            chunk = message.get("body", b"")
            size += len(chunk)
            self._check_size(size)
            chunks.append(chunk)
            if not message.get("more_body", False):
                return b"".join(chunks)

    def _check_size(self, size: int) -> None:
        if self._limit and size > self._limit:
            raise HttpError(
                413,
                f"The body is larger than {self._limit // MEBIBYTE} MB. Send fewer rows at once.",
            )
