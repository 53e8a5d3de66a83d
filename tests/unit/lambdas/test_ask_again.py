"""While the endpoint changes, a request that met a bad fleet is asked again; else it is not."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ReadTimeoutError,
)
from botocore.response import StreamingBody
from botocore.stub import Stubber
from invoke_endpoint.again import EndpointWatch, ask_patiently
from invoke_endpoint.handler import handle
from shared import aws

from tests.unit.lambdas import events

_API_SECONDS = 30
_NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)


def _failure(code: str = "ModelError", status: int | None = 500) -> ClientError:
    response = {"Error": {"Code": code, "Message": ""}, "OriginalStatusCode": status}
    if status is None:
        del response["OriginalStatusCode"]
    return ClientError(response, "InvokeEndpoint")  # type: ignore[arg-type]


@dataclass
class Model:
    """An endpoint that fails with each of the failures before it answers; time passes only here."""

    failures: list[ClientError | BotoCoreError]
    seconds: float = 0.02
    passed: float = 0
    calls: list[str] = field(default_factory=list)

    def ask(self, which: str) -> Callable[[], str]:
        """A call that is noted under this name."""

        def call() -> str:
            self.calls.append(which)
            self.passed += self.seconds
            if self.failures:
                raise self.failures.pop(0)
            return "virginica"

        return call

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.passed += seconds

    def answer(self, *, changes: bool = True) -> str:
        """The answer, or the last failure."""
        return ask_patiently(
            self.ask("first"),
            again=self.ask("again"),
            changes=lambda: changes,
            clock=lambda: self.passed,
            sleep=self.sleep,
        )


@pytest.mark.parametrize(
    "failure",
    [
        _failure(),
        _failure(status=503),
        _failure(status=None),
        _failure("InternalFailure"),
        _failure("ServiceUnavailable"),
        ConnectionClosedError(endpoint_url="https://runtime.example"),
    ],
)
def test_a_request_that_met_the_bad_fleet_is_asked_again(
    failure: ClientError | BotoCoreError,
) -> None:
    model = Model([failure] * 5)

    assert model.answer() == "virginica"
    assert model.calls == ["first"] + ["again"] * 5
    assert model.passed < 2


@pytest.mark.parametrize(
    "failure",
    [
        _failure(status=400),
        _failure(status=415),
        _failure("ThrottlingException"),
        _failure("ValidationError"),
        _failure("AccessDeniedException"),
    ],
)
def test_what_asking_again_cannot_change_is_answered_at_once(failure: ClientError) -> None:
    model = Model([failure])

    with pytest.raises(ClientError):
        model.answer()
    assert model.calls == ["first"]


def test_a_model_that_fails_while_nothing_changes_is_not_asked_again() -> None:
    model = Model([_failure()])

    with pytest.raises(ClientError):
        model.answer(changes=False)
    assert model.calls == ["first"]


def test_a_refusal_of_the_other_fleet_is_the_answer() -> None:
    model = Model([_failure(), _failure(status=400)])

    with pytest.raises(ClientError) as raised:
        model.answer()
    assert raised.value.response["OriginalStatusCode"] == 400  # type: ignore[typeddict-item]
    assert model.calls == ["first", "again"]


def test_it_gives_up_after_some_tries() -> None:
    model = Model([_failure()] * 100)

    with pytest.raises(ClientError):
        model.answer()
    assert len(model.calls) == 12


@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.9, 2.0, 4.9, 17.0])
def test_the_caller_gets_an_answer_within_the_limit_of_the_api(
    monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    # Given the longest pauses, and a last try that takes as long as it may
    monkeypatch.setattr(random, "random", lambda: 1.0)
    model = Model([_failure()] * 100, seconds=seconds)

    with pytest.raises(ClientError):
        model.answer()

    longest = _longest(aws.sagemaker_runtime_again())
    a_look = _longest(aws.sagemaker_at_once())
    began_last = model.passed - seconds
    assert began_last <= max(5.0, seconds)
    if len(model.calls) > 1:
        assert began_last + a_look + longest < _API_SECONDS - 1


def _longest(client: Any) -> float:  # noqa: ANN401 - any service's
    """How long one call may take; botocore's types leave the limits out."""
    config = client.meta.config
    assert config.retries["total_max_attempts"] == 1
    return float(config.connect_timeout + config.read_timeout)


def test_a_model_that_is_too_slow_is_not_asked_again() -> None:
    model = Model([ReadTimeoutError(endpoint_url="https://runtime.example")], seconds=25)

    with pytest.raises(ReadTimeoutError):
        model.answer()
    assert model.calls == ["first"]


def test_of_many_requests_to_two_fleets_none_fails() -> None:
    # Given a new fleet that gets half of the requests and fails them all
    dice = random.Random(20261122)  # noqa: S311 - no secret
    failed = 0
    for _ in range(2000):
        model = Model([])
        while dice.random() < 0.5:
            model.failures.append(_failure())
        try:
            model.answer()
        except ClientError:
            failed += 1

    assert failed <= 2


@pytest.fixture
def described() -> Iterator[Stubber]:
    with Stubber(aws.sagemaker_at_once()) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def _describe(described: Stubber, status: str, *, modified: datetime = _NOW) -> None:
    answer = {
        "EndpointName": "iris",
        "EndpointArn": "arn:aws:sagemaker:eu-west-1:123456789012:endpoint/iris",
        "EndpointStatus": status,
        "CreationTime": modified,
        "LastModifiedTime": modified,
    }
    described.add_response("describe_endpoint", answer, {"EndpointName": "iris"})


@dataclass
class Clock:
    """Seconds since _NOW."""

    seconds: float = 0

    def watch(self) -> EndpointWatch:
        """A watch by this clock."""
        return EndpointWatch(
            aws.sagemaker_at_once(),
            endpoint_name="iris",
            clock=lambda: self.seconds,
            now=lambda: _NOW + timedelta(seconds=self.seconds),
        )


@pytest.mark.parametrize(
    ("status", "age_seconds", "changes"),
    [
        ("Updating", 3600, True),
        ("RollingBack", 3600, True),
        ("SystemUpdating", 3600, True),
        ("InService", 3600, False),
        ("InService", 10, True),
        ("Failed", 3600, False),
    ],
)
def test_an_endpoint_changes_until_it_has_settled(
    described: Stubber, status: str, age_seconds: int, changes: bool
) -> None:
    _describe(described, status, modified=_NOW - timedelta(seconds=age_seconds))
    assert Clock().watch().changes() is changes


def test_sagemaker_is_asked_every_two_seconds_at_most(described: Stubber) -> None:
    clock = Clock()
    watch = clock.watch()
    old = _NOW - timedelta(hours=1)
    _describe(described, "Updating", modified=old)
    assert watch.changes()
    clock.seconds = 1.9
    assert watch.changes()  # the stub would refuse a second call

    clock.seconds = 2.1
    _describe(described, "InService", modified=old)
    assert not watch.changes()


def test_an_endpoint_that_cannot_be_looked_at_does_not_change(described: Stubber) -> None:
    described.add_client_error("describe_endpoint", "AccessDeniedException")
    assert not Clock().watch().changes()


def test_the_route_asks_again_and_says_so_in_the_log(
    described: Stubber, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # Given an update under way, whose new fleet fails
    monkeypatch.setenv("ENDPOINT_NAME", "iris")
    _describe(described, "Updating")
    with Stubber(aws.sagemaker_runtime()) as first, Stubber(aws.sagemaker_runtime_again()) as again:
        first.add_client_error(
            "invoke_endpoint", "ModelError", modeled_fields={"OriginalStatusCode": 500}
        )
        body = StreamingBody(io.BytesIO(b"virginica\n"), 10)
        again.add_response("invoke_endpoint", {"Body": body})

        response = handle(events.load("http_inference_post"), None)

    assert (response["statusCode"], json.loads(response["body"])) == (200, {"result": "virginica"})
    assert '"askedAgain"' in capsys.readouterr().out
