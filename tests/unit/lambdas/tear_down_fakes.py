"""CloudFormation that takes answers, and an account that can be torn down."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from shared import aws
from tear_down import handler as tear_down
from tear_down.patience import Patience

from tests.unit.lambdas import events
from tests.unit.lambdas.sagemaker_account import (
    GROUP,
    MACHINE,
    Account,
    Configured,
    Deployed,
    error,
    execution,
)

SEEN = "iris--1a2b3c4d-0f9e8d7c6b5a-0"


@dataclass
class CloudFormation:
    """The place that answers are put to; it refuses the first few if told so."""

    url: str = ""
    answers: list[dict[str, Any]] = field(default_factory=list)
    types: list[str | None] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    refuses: int = 0
    arrived: threading.Event = field(default_factory=threading.Event)


@contextmanager
def serving() -> Iterator[CloudFormation]:
    """CloudFormation, as long as a test lasts."""
    place = CloudFormation()

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            refused = place.refuses > 0
            place.refuses -= refused
            if not refused:
                place.answers.append(json.loads(body))
                place.sizes.append(len(body))
                place.types.append(self.headers["content-type"])
            self.send_response(503 if refused else 200)
            self.send_header("content-length", "0")
            self.end_headers()
            if not refused:
                place.arrived.set()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        place.url = f"http://127.0.0.1:{server.server_port}/answer?signature=secret"
        yield place
        server.shutdown()
        thread.join()


@dataclass
class Context:
    """Lambda's."""

    seconds: float = 900

    def get_remaining_time_in_millis(self) -> int:
        """As Lambda's."""
        return int(self.seconds * 1000)


class _MissingError(Exception):
    """ObjectNotFoundException, StateMachineDoesNotExist and the like."""


class Torn(Account):
    """An account of which everything can be taken away.

    turns: what happens while somebody waits, a step at each wait.
    """

    class exceptions:  # noqa: N801 - as a client has it
        """Error classes of a client."""

        StateMachineDoesNotExist = _MissingError
        ExecutionDoesNotExist = _MissingError
        ObjectNotFoundException = _MissingError

        class ConcurrentUpdateException(Exception):  # noqa: N818 - AWS's name
            """Somebody else changes it."""

    def __init__(self) -> None:
        super().__init__()
        self.scaled = {"endpoint/iris/variant/AllTraffic"}
        self.turns: list[Callable[[], None]] = []
        self.calls: list[str] = []

    def wait(self, _: float) -> None:
        """Time passes: what is being deleted goes, and the next turn comes."""
        for name, endpoint in list(self.endpoints.items()):
            if endpoint.status == "Deleting":
                del self.endpoints[name]
        if self.turns:
            self.turns.pop(0)()

    def stop_execution(self, *, executionArn: str, error: str, cause: str) -> None:  # noqa: N803
        """As Step Functions'."""
        assert error
        assert cause
        self.calls.append("stop")
        self.running.remove(executionArn)

    def deregister_scalable_target(self, **request: str) -> None:
        """As Application Auto Scaling's."""
        assert request["ServiceNamespace"] == "sagemaker"
        assert request["ScalableDimension"] == "sagemaker:variant:DesiredInstanceCount"
        self.calls.append("deregister")
        if request["ResourceId"] not in self.scaled:
            raise _MissingError
        self.scaled.remove(request["ResourceId"])

    def delete_endpoint(self, *, EndpointName: str) -> None:  # noqa: N803
        """As SageMaker's."""
        endpoint = self.endpoints[EndpointName]
        if endpoint.status in ("Creating", "Updating"):
            raise error("DeleteEndpoint", "Cannot update in-progress endpoint")
        self.calls.append("endpoint")
        endpoint.status = "Deleting"

    def delete_model_package(self, *, ModelPackageName: str) -> None:  # noqa: N803
        """As SageMaker's."""
        del self.versions[ModelPackageName]


def event(cloudformation: CloudFormation, name: str = "release", **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    loaded = events.load(f"tear_down_{name}")
    loaded["ResourceProperties"]["stateMachineArn"] = MACHINE
    return {**loaded, "ResponseURL": cloudformation.url, **changes}


def released(monkeypatch: pytest.MonkeyPatch) -> Torn:
    """A release that is live, with autoscaling; another one under way; another model's things."""
    made = Torn()
    made.models = {SEEN, "iris--old-0f9e8d7c6b5b-0", "iris-b--x"}
    made.configurations = {SEEN: Configured([SEEN]), "iris-b--x": Configured(["iris-b--x"])}
    made.endpoints = {"iris": Deployed(SEEN), "iris-b": Deployed("iris-b--x")}
    made.versions = {f"{GROUP}/{number}": "Approved" for number in range(1, 4)}
    made.running = {execution("a"), execution("b")}
    for name in ("sagemaker", "stepfunctions", "application_autoscaling"):
        monkeypatch.setattr(aws, name, lambda: made)
    monkeypatch.setattr(
        tear_down,
        "Patience",
        lambda until: Patience(until=until, clock=lambda: 0.0, sleep=made.wait),
    )
    return made
