"""Workflow step: find everything that would stop the release, before anything is paid for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from shared import aws
from shared.environment import count, one_of, required, texts
from shared.logs import log_event
from shared.subscriptions import addresses_of, confirmed_subscriptions, shortage
from shared.text import amount
from shared.transient import transient_errors_named

from preflight.data import data_faults
from preflight.endpoint import look
from preflight.quotas import quota_faults
from preflight.request import Request, read_request

_FLAGS = ("true", "false")


class PreflightFailed(Exception):  # noqa: N818 - the class name is the error name in the workflow
    """The release could not come to its end; the message lists every reason with its remedy."""


@dataclass(frozen=True)
class Environment:
    """What the function is deployed with; no approvers where nobody is asked."""

    region: str
    approval_topic_arn: str
    approvers: tuple[str, ...]
    approvals_required: int
    committer_may_approve: bool


@cache
def environment() -> Environment:
    """Read at cold start.

    Raises:
        InvalidEnvironmentError: a variable is missing or wrong.
    """
    region = required("AWS_REGION")
    if required("APPROVALS_REQUIRED") == "0":
        return Environment(
            region=region,
            approval_topic_arn="",
            approvers=(),
            approvals_required=0,
            committer_may_approve=True,
        )
    approvers = texts("APPROVERS")
    return Environment(
        region=region,
        approval_topic_arn=required("APPROVAL_TOPIC_ARN"),
        approvers=approvers,
        approvals_required=count("APPROVALS_REQUIRED", at_most=len(approvers)),
        committer_may_approve=one_of("COMMITTER_MAY_APPROVE", _FLAGS) == "true",
    )


def handle(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Check data, approvers, endpoint and quotas; returns {"trains"}, what was checked for.

    Raises:
        PreflightFailed: something would stop the release; all of it is told at once.
        InvalidEventError, InvalidEnvironmentError, TransientError
    """
    deployed = environment()
    request = read_request(event)
    with transient_errors_named():
        faults = list(_faults(request, deployed))
    log_event("preflight", level="ERROR" if faults else "INFO", faults=len(faults))
    if faults:
        raise PreflightFailed(_told(faults))
    return {"trains": request.trains}


def _faults(request: Request, deployed: Environment) -> Iterator[str]:
    s3 = aws.s3()
    if request.trains:
        yield from data_faults(
            s3, bucket=request.bucket, prefix=request.train_prefix, name="train.csv"
        )
    yield from data_faults(s3, bucket=request.bucket, prefix=request.test_prefix, name="test.csv")
    if missing := _missing(request, deployed):
        yield missing
    state = look(aws.sagemaker(), endpoint_name=request.endpoint_name)
    if state.fault:
        yield state.fault
    demands = request.demands(state)
    yield from quota_faults(aws.service_quotas(), demands, deployed.region)


def _missing(request: Request, deployed: Environment) -> str:
    """Why approvals cannot come; "" if they can, or none is needed."""
    if not deployed.approvals_required:
        return ""
    topic_arn = deployed.approval_topic_arn
    return shortage(
        approvers=deployed.approvers,
        barred=_barred(request, deployed),
        approvals_required=deployed.approvals_required,
        confirmed=addresses_of(confirmed_subscriptions(aws.sns(), topic_arn=topic_arn)),
        topic_arn=topic_arn,
    )


def _barred(request: Request, deployed: Environment) -> list[str]:
    """The approvers who may not approve their own commit."""
    if deployed.committer_may_approve:
        return []
    committer = request.committer.casefold()
    return [one for one in deployed.approvers if one.casefold() == committer]


def _told(faults: list[str]) -> str:
    if len(faults) == 1:
        return faults[0]
    numbered = [f"{number}. {fault}" for number, fault in enumerate(faults, start=1)]
    return "\n\n".join([f"{amount(len(faults), 'thing')} would stop this release.", *numbered])
