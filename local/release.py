"""A release of an image on the local cloud: started, followed, decided, tried."""

from __future__ import annotations

import hashlib
import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local.assembly import Place
from local.deployment import Deployment, session
from local.image_build import PushedImage
from local.running_cloud import RunningCloud
from local.terminal import LocalError

_POLL_SECONDS = 0.3
_MAIL_SECONDS = 240  # The machine may be busy with other things.
_APPROVAL_LINK = re.compile(r"https?://\S+/approvals/[^\s\"<>]+")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How an execution has ended. `status` is Step Functions' own."""

    status: str
    error: str
    cause: str
    output: dict[str, Any]


class Release:
    """One execution of the release workflow.

    Attributes:
        execution_arn: the execution.
        mark: the part that the names of its jobs and models have in common.
    """

    def __init__(self, cloud: RunningCloud, *, execution_arn: str) -> None:
        self._cloud = cloud
        region, account = execution_arn.split(":")[3:5]
        self._states = session(cloud, Place(account, region)).client("stepfunctions")
        self.execution_arn = execution_arn
        # The workflow names its jobs so; every mail has the name or the execution in it.
        self.mark = hashlib.sha256(execution_arn.encode()).hexdigest()[:12]

    @classmethod
    def start(
        cls, cloud: RunningCloud, deployment: Deployment, execution_input: Mapping[str, Any]
    ) -> Release:
        """Start an execution; its input is as the pipeline's hand-over."""
        execution = (
            deployment.session(cloud)
            .client("stepfunctions")
            .start_execution(
                stateMachineArn=deployment.state_machine_arn, input=json.dumps(execution_input)
            )
        )
        return cls(cloud, execution_arn=execution["executionArn"])

    @classmethod
    def of_image(
        cls, cloud: RunningCloud, deployment: Deployment, *, image: PushedImage, committer: str = ""
    ) -> Release:
        """Release an image that is in the repository."""
        return cls.start(cloud, deployment, image.release_input(committer=committer))

    def follow(self) -> Iterator[str]:
        """Names of states as the execution enters them, until it ends."""
        seen = 0
        while True:
            running = self.is_running()
            events = self._events()
            for event in events[seen:]:
                if "stateEnteredEventDetails" in event:
                    yield event["stateEnteredEventDetails"]["name"]
            seen = len(events)
            if not running:
                return
            time.sleep(_POLL_SECONDS)

    def wait_for_approval_link(self, approver: str | None = None) -> str:
        """The link of an approver, or of whoever got the first mail, as soon as it is there.

        Raises:
            TimeoutError: the mail does not come.
            LocalError: the release has ended without it.
        """

        def link() -> str | None:
            running = self.is_running()
            links = self.approval_links()
            found = links.get(approver) if approver else next(iter(links.values()), None)
            if found is None and not running:
                outcome = self.outcome()
                raise LocalError(
                    what=f"The release ended as {outcome.status} before anybody was asked",
                    why=f"{outcome.error}: {outcome.cause}",
                    next_step="read its mails in the inbox",
                )
            return found

        found: str = wait_for(link, seconds=_MAIL_SECONDS, what="the approval mail")
        return found

    def approval_links(self) -> dict[str, str]:
        """Each approver's own link, by their address, as far as the mails are there."""
        links: dict[str, str] = {}
        for mail in self.mails():
            link = _APPROVAL_LINK.search(mail["body"])
            if link:
                links[mail["to"]] = link.group()
        return links

    def mails(self) -> list[dict[str, str]]:
        """The mails about this release, oldest first; others may run beside it."""
        return [
            mail
            for mail in messages(self._cloud)
            if self.execution_arn in mail["body"] or self.mark in mail["body"]
        ]

    def outcome(self) -> Outcome:
        """How it ended."""
        execution = self._states.describe_execution(executionArn=self.execution_arn)
        return Outcome(
            status=execution["status"],
            error=execution.get("error", ""),
            cause=execution.get("cause", ""),
            output=json.loads(execution.get("output") or "{}"),
        )

    def is_running(self) -> bool:
        """Whether the execution has not ended."""
        execution = self._states.describe_execution(executionArn=self.execution_arn)
        return execution["status"] == "RUNNING"

    def abort(self) -> None:
        """Stop the execution, and its SageMaker job with it; one that has ended stays as it is."""
        try:
            self._states.stop_execution(executionArn=self.execution_arn)
        except self._states.exceptions.ValidationException:
            if self.is_running():  # it may have ended since the caller looked
                raise

    def _events(self) -> list[Any]:
        pages = self._states.get_paginator("get_execution_history").paginate(
            executionArn=self.execution_arn
        )
        return [event for page in pages for event in page["events"]]


def messages(cloud: RunningCloud) -> list[dict[str, str]]:
    """Every mail in the inbox, oldest first."""
    with urllib.request.urlopen(f"{cloud.inbox_url}/messages", timeout=10) as answer:  # noqa: S310
        mails: list[dict[str, str]] = json.load(answer)
        return mails


def get_page(link: str) -> str:
    """The approval page, as a browser gets it."""
    with urllib.request.urlopen(link, timeout=60) as answer:  # noqa: S310
        return str(answer.read().decode())


def get_state(link: str) -> dict[str, Any]:
    """The state of an approval, as a program gets it."""
    request = urllib.request.Request(link, headers={"Accept": "application/json"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        state: dict[str, Any] = json.load(answer)
        return state


def decide(link: str, *, decision: str, reason: str) -> str:
    """Submit the page's form: `approve` or `reject`. Returns the page that answers.

    Raises:
        urllib.error.HTTPError: the page does not take it; its body says why.
    """
    form = urllib.parse.urlencode({"decision": decision, "reason": reason})
    request = urllib.request.Request(  # noqa: S310
        link,
        data=form.encode(),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        return str(answer.read().decode())


def predict(cloud: RunningCloud, url: str, data: str, *, place: Place = Place()) -> str:  # noqa: B008
    """Ask the inference API, signed by the root of its account; the body of the answer."""
    body = json.dumps({"data": data})
    request = AWSRequest(
        method="POST", url=url, data=body, headers={"Content-Type": "application/json"}
    )
    environment = cloud.environment(place.account, place.region)
    credentials = Credentials(
        environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"]
    )
    SigV4Auth(credentials, "execute-api", environment["AWS_REGION"]).add_auth(request)
    signed = urllib.request.Request(  # noqa: S310
        url, data=body.encode(), headers=dict(request.headers.items())
    )
    try:
        with urllib.request.urlopen(signed, timeout=60) as answer:  # noqa: S310
            return str(answer.read().decode())
    except urllib.error.HTTPError as error:
        return str(error.read().decode())


def wait_for(condition: Callable[[], Any], *, seconds: float, what: str) -> Any:  # noqa: ANN401
    """Poll until a condition is true; its value.

    Raises:
        TimeoutError: it did not become true in time.
    """
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"Waited {seconds:g} s for {what}")
        time.sleep(_POLL_SECONDS)
