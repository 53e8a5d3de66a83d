"""What the local CodePipeline is given by the cloud it lives in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import boto3
from boto3.session import Session

from local.pipeline.repository import Repository


class Refusal(Protocol):
    """Why a role may not do an action on a resource, by all policies; None if it may."""

    def __call__(
        self,
        role_arn: str,
        action: str,
        resource_arn: str,
        *,
        context: Mapping[str, Any] | None = None,
    ) -> str | None: ...


class Trusts(Protocol):
    """Whether a role lets a service such as codepipeline.amazonaws.com take it."""

    def __call__(
        self, role_arn: str, service: str, *, context: Mapping[str, Any] | None = None
    ) -> bool: ...


class SendEvent(Protocol):
    """Puts an event of a service on the default bus of its resource's account.

    The rules that match it have called their targets when it returns.
    """

    def __call__(
        self, *, source: str, detail_type: str, resource: str, detail: Mapping[str, Any]
    ) -> None: ...


def assume(session: Session, role_arn: str, name: str) -> Session:
    """The session of a role that another role takes by AssumeRole. Raises ClientError."""
    given = session.client("sts").assume_role(RoleArn=role_arn, RoleSessionName=name)
    credentials = given["Credentials"]
    return boto3.session.Session(
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
        region_name=session.region_name,
    )


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """Folders, roles and the services that only the cloud's process reaches.

    Attributes:
        session: the session of a role, whose clients talk to this cloud.
        refusal: asks IAM.
        trusts: asks a role's trust policy.
        send_event: tells EventBridge.
        offer_template: a URL at which CloudFormation finds a template as long as the context lasts:
            CodePipeline hands templates over that are larger than a request may carry.
        assume: lets a session take another role, which has to trust it.
        poll_seconds: how long to wait between two looks at something that runs elsewhere.
    """

    region: str
    state_dir: Path
    session: Callable[[str], Session]
    refusal: Refusal
    trusts: Trusts
    send_event: SendEvent
    offer_template: Callable[[str], AbstractContextManager[str]]
    assume: Callable[[Session, str, str], Session] = assume
    poll_seconds: float = 0.5

    @property
    def repository(self) -> Repository:
        """What stands behind every connection."""
        return Repository(self.state_dir / "source.git")
