"""What a served model answers.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-batch-code.html
"""

import asyncio
import json
import time
from collections.abc import Awaitable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import model as room
import numpy as np

from plumbing import log, media, prediction
from plumbing.http_answer import JSON, Response, failure
from plumbing.http_connection import INLINE_BYTES, Content
from plumbing.http_head import Head
from plumbing.http_server import Application
from plumbing.payload import PARQUET, BadRequestError
from plumbing.serving_settings import ServingSettings
from plumbing.worker import unready

METHODS = {"/ping": "GET", "/execution-parameters": "GET", "/invocations": "POST"}
_SLOW_SECONDS = 0.02  # a model that takes longer for a row would keep /ping waiting
_THREADS = 4  # large bodies of one worker that are worked on at once, so that none waits for long


def prepare(settings: ServingSettings, folder: Path) -> Application:
    """Loads the model and tries it on one row of zeros; if that fails, /ping stays unhealthy.

    The reason goes to the log; no data of a request can be in it yet.
    """
    try:
        model = room.load(folder)
    except BaseException as error:
        log.error("model could not be loaded", error, folder=str(folder), reason=str(error))
        return unready(f"The model in {folder} could not be loaded. The log says why.")
    try:
        slow = _try(model) > _SLOW_SECONDS
    except BaseException as error:
        log.error("model cannot predict a row of zeros", error, reason=str(error))
        return unready("The model cannot predict. The log says why.")
    routes = Routes(settings, model, inline_bytes=-1 if slow else INLINE_BYTES)
    return Application(routes.answer, refusal)


def _try(model: room.Model) -> float:
    """The seconds of a prediction: the least of a few, as the first one may prepare things."""
    row = np.zeros((1, model.feature_count), dtype=room.FEATURE_TYPE)
    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        predictions = room.predict(model, row)
        seconds.append(time.perf_counter() - began)
        if len(predictions) != 1:
            raise ValueError(f"predict gave {len(predictions)} predictions for one row")
    return min(seconds)


def refusal(head: Head) -> Response | None:
    """The answer to a request that cannot be answered whatever its body is, or None."""
    allowed = METHODS.get(head.path)
    if allowed is None:
        return failure(404, f"There is no such path. Use one of {', '.join(METHODS)}.")
    if head.method != allowed and not (head.method == "HEAD" and allowed == "GET"):
        message = f"{head.path} answers {allowed} only."
        return failure(405, message, f"allow: {allowed}\r\n".encode())
    if allowed == "GET":
        return None
    given = media.content_type(head.content_type)
    if given is None:
        return failure(415, f"Send a Content-Type of {media.SUPPORTED}, in UTF-8.")
    if media.accepted(head.accept, given) is None:
        return failure(406, f"The answer can be {media.SUPPORTED}. Accept one of them.")
    return None


class Routes:
    """Answers for a model that can predict; bodies beyond ``inline_bytes`` go to a thread."""

    def __init__(
        self, settings: ServingSettings, model: room.Model, *, inline_bytes: int = INLINE_BYTES
    ) -> None:
        self._model = model
        self._inline_bytes = inline_bytes
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="predict")
        parameters = json.dumps(settings.execution_parameters()).encode()
        self._gets = {
            "/ping": Response(200, JSON, b"{}", counted=False),
            "/execution-parameters": Response(200, JSON, parameters),
        }

    def answer(self, head: Head, content: Content) -> Response | Awaitable[Response]:
        """The handler: what takes long goes to a thread, so that /ping is answered meanwhile."""
        if head.path == "/invocations" and head.method == "POST":
            given = media.content_type(head.content_type)
            wanted = media.accepted(head.accept, given) if given else None
            if given and wanted:
                # Parquet is read in a process of its own, which is waited for.
                if len(content) <= self._inline_bytes and media.kind(given) != PARQUET:
                    return self._predict(content, given, wanted)
                return asyncio.get_running_loop().run_in_executor(
                    self._threads, self._predict, content, given, wanted
                )
        return refusal(head) or self._gets[head.path]

    def _predict(self, content: Content, given: str, wanted: str) -> Response:
        try:
            body = prediction.answer(self._model, content, given=given, wanted=wanted)
        except BadRequestError as error:
            return failure(400, str(error))
        except BaseException as error:  # what would end a worker or get lost in a thread, too
            log.error("request failed", error)
            return failure(500, "The prediction failed. The log says why.")
        return Response(200, wanted, body)
