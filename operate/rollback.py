"""An approved version is put back: which one, and the execution that does it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from operate.errors import OperateError
from operate.live import Live, read_live
from operate.put_back import PUT_BACK_TAG
from operate.registry import Version, number_of, read_numbered, read_versions
from operate.stacks import state_machine_of
from operate.wording import metric_texts, printable, when

if TYPE_CHECKING:
    from boto3.session import Session

    from mlops_stacks.names import Names

_WHAT = "Nothing was put back"
_LATEST = "~"  # after every time in ISO 8601
_SEE = "`make versions` lists them all"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is put back, and in place of what (None if nothing serves)."""

    model: str
    version: Version
    live: Live | None
    state_machine_arn: str

    def as_text(self) -> str:
        """The plan in words."""
        version = self.version
        lines = [
            f"Putting back version {version.number} of {self.model}: commit {version.commit_id}, "
            f"registered {when(version.created_at)}, {', '.join(metric_texts(version.metrics))}."
        ]
        if version.description:
            lines.append(version.description)
        if not version.served_at:
            lines.append("It has never served.")
        lines.append(f"It takes the place of {serving(self.live)}.")
        return "\n".join(map(printable, lines))


def make_plan(session: Session, names: Names, *, number: int | None) -> Plan:
    """Choose the version: the one of this number, else the last that served before the live one.

    Raises:
        OperateError: there is none that could be put back, it is not clear which one serves, or
            nothing is deployed.
    """
    state_machine_arn = state_machine_of(session, names)
    live = read_live(session, names.endpoint)
    version = (
        _before(session, names, live=live)
        if number is None
        else _numbered(session, names, number=number)
    )
    if live and live.version_arn == version.arn and live.status == "InService":
        raise OperateError(
            what=_WHAT,
            why=f"version {version.number} serves already",
            next_step=f"name another version (VERSION=…); {_SEE}",
        )
    return Plan(model=names.model, version=version, live=live, state_machine_arn=state_machine_arn)


def start(session: Session, plan: Plan, *, reason: str) -> str:
    """Start the workflow with the version; returns the execution's ARN."""
    given = {"modelPackageArn": plan.version.arn} | ({"reason": reason} if reason else {})
    answer = session.client("stepfunctions").start_execution(
        stateMachineArn=plan.state_machine_arn, input=json.dumps(given)
    )
    return answer["executionArn"]


def serving(live: Live | None) -> str:
    """What serves, in words: version 7 (commit 1a2b3c4d)."""
    if live is None:
        return "nothing: there is no endpoint"
    named = _named(live)
    return named if live.status == "InService" else f"{named}, which is {live.status}"


def _named(live: Live) -> str:
    commit = f"commit {live.commit_id}" if live.commit_id else f"configuration {live.configuration}"
    number = number_of(live.version_arn)
    return f"version {number} ({commit})" if number else commit


def _before(session: Session, names: Names, *, live: Live | None) -> Version:
    """The approved version that served last before the live one.

    If the live one was put back itself, whatever served before it was found wanting: then it is
    the newest that is older than it.
    """
    if live is None:
        raise OperateError(
            what=_WHAT,
            why=f"nothing is live, so there is no version before it ({names.endpoint} is no "
            "endpoint)",
            next_step=f"name the version (VERSION=…); {_SEE}",
        )
    if live.pending or live.status != "InService":
        raise OperateError(
            what=_WHAT,
            why=f"endpoint {live.endpoint} is {live.status}{_under_way(live)}, so it is not clear "
            "which version will be the live one",
            next_step="name the version that shall serve, whatever comes of this (VERSION=…), or, "
            f"while it changes, wait until it is InService (`make lineage` tells); {_SEE}",
        )
    number = number_of(live.version_arn)
    if not number:
        raise OperateError(
            what=_WHAT,
            why=f"the live configuration {live.configuration} does not say which version it is",
            next_step=f"name the version (VERSION=…); {_SEE}",
        )
    served = [
        version
        for version in read_versions(session, names.model_package_group, status="Approved")
        if version.served_at
    ]
    by_number = PUT_BACK_TAG in live.tags

    def rank(version: Version) -> tuple[str, int]:
        return "" if by_number else version.served_at, version.number

    latest = "" if by_number else _LATEST
    serves = next((rank(one) for one in served if one.number == number), (latest, number))
    earlier = [one for one in served if rank(one) < serves]
    if earlier:
        return max(earlier, key=rank)
    raise OperateError(
        what=_WHAT,
        why=f"no approved version before version {number}, which is live, has ever served",
        next_step=f"release a commit instead, or name another version (VERSION=…); {_SEE}",
    )


def _under_way(live: Live) -> str:
    """What the endpoint is changing to, as a part of a sentence."""
    return f", from {_named(live)} to configuration {live.pending}" if live.pending else ""


def _numbered(session: Session, names: Names, *, number: int) -> Version:
    version = read_numbered(session, names.model_package_group, number=number)
    if version is None:
        raise OperateError(what=_WHAT, why=f"{names.model} has no version {number}", next_step=_SEE)
    return _approved(version)


def _approved(version: Version) -> Version:
    if version.status == "Approved":
        return version
    rejected = version.status == "Rejected"
    how = "was rejected" if rejected else "still waits for a decision"
    told = f" ({printable(version.description)})" if version.description else ""
    anew = f"release commit {version.commit_id} anew" if rejected else "decide on it"
    raise OperateError(
        what=_WHAT,
        why=f"version {version.number} {how}{told}: only an approved version may serve",
        next_step=f"{anew}, or name another version; {_SEE}",
    )
