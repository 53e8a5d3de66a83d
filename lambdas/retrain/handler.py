"""Target of a queue: start a release with the live model's image, unless there is no need."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from shared import aws
from shared.environment import one_of, required
from shared.logs import log_event
from shared.transient import transient_errors_named

from retrain.live import NotServing, find_live
from retrain.messages import Message, enough, read_messages
from retrain.plan import Plan, make_plan
from retrain.training_data import look

_FLAGS = ("true", "false")
# ListExecutions may lag behind: https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListExecutions.html
_PAUSE_SECONDS = 5
_AFTER_THE_RELEASE = Plan(action="later", reason="a release runs")


@dataclass(frozen=True, kw_only=True)
class Environment:
    """What the function is deployed with."""

    bucket: str
    train_prefix: str
    endpoint_name: str
    state_machine_arn: str
    skip_unchanged: bool


@cache
def environment() -> Environment:
    """Read at cold start.

    Raises:
        InvalidEnvironmentError: a variable is missing or wrong.
    """
    return Environment(
        bucket=required("DATA_BUCKET"),
        train_prefix=required("TRAIN_PREFIX"),
        endpoint_name=required("ENDPOINT_NAME"),
        state_machine_arn=required("STATE_MACHINE_ARN"),
        skip_unchanged=one_of("SKIP_UNCHANGED", _FLAGS) == "true",
    )


def handle(event: Mapping[str, Any], _context: object) -> dict[str, list[dict[str, str]]]:
    """Look, and start a release if there is need for one; returns the messages to come again.

    What is to be done later is asked for by one message of each kind: the others are done with.

    Raises:
        InvalidEventError, UnknownLiveModel, TransientError, botocore.exceptions.ClientError
    """
    messages = read_messages(event)
    if not messages:
        return {"batchItemFailures": []}
    with transient_errors_named():
        plan = _plan(messages)
        if plan.action == "start":
            plan = _start(plan)
    log_event(
        "retrainingDecided",
        action=plan.action,
        reason=plan.reason,
        execution=plan.name,
        messages=len(messages),
    )
    again = enough(messages) if plan.action == "later" else []
    return {"batchItemFailures": [{"itemIdentifier": one.message_id} for one in again]}


def _plan(messages: Sequence[Message]) -> Plan:
    settings = environment()
    if _runs():
        return _AFTER_THE_RELEASE
    try:
        live = find_live(aws.sagemaker(), endpoint_name=settings.endpoint_name)
    except NotServing as state:
        return Plan(action="later", reason=str(state))
    if live is None:
        return Plan(action="nothing", reason="nothing serves yet: a commit has to go live first")
    return make_plan(
        messages,
        live=live,
        data=look(aws.s3(), bucket=settings.bucket, prefix=settings.train_prefix),
        now=datetime.now(UTC),
        skip_unchanged=settings.skip_unchanged,
    )


def _start(plan: Plan) -> Plan:
    """Start what is planned; returns what has become of it."""
    # A commit's release that has just begun has the newer image: it goes first.
    time.sleep(_PAUSE_SECONDS)
    if _runs():
        return _AFTER_THE_RELEASE
    states = aws.stepfunctions()
    try:
        # The name of one that runs with the same input is answered as if it had been started now.
        states.start_execution(
            stateMachineArn=environment().state_machine_arn,
            name=plan.name,
            input=json.dumps(plan.input),
        )
    except states.exceptions.ExecutionAlreadyExists:
        return Plan(action="nothing", reason="this has been tried already", name=plan.name)
    return plan


def _runs() -> bool:
    """Whether a release runs, or a version is being put back."""
    pages = (
        aws.stepfunctions()
        .get_paginator("list_executions")
        .paginate(stateMachineArn=environment().state_machine_arn, statusFilter="RUNNING")
    )
    return any(page["executions"] for page in pages)
