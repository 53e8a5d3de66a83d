"""Custom resource: before the stacks go, take away what releases have made beside them.

The protocol is CloudFormation's own, without a framework: a stack waits an hour for an answer that
does not come, so that one is sent whatever happens.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/crpg-ref-requesttypes.html
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any, Protocol

from shared import aws, fields
from shared.logs import log_event

from tear_down.answer import Answer
from tear_down.patience import Patience, TookTooLong
from tear_down.registry import remove_versions
from tear_down.release import Clients, Deployment, remove_release

_LONGEST_WAIT_SECONDS = 13 * 60
# Time to answer: before that, no wait begins; then the answer is sent, whatever is still under way.
_LAST_WAIT_SECONDS = 45
_LAST_ANSWER_SECONDS = 25
_AGAIN = "Mend that, then delete the stack again. Until then an endpoint may go on costing money."
_NO_TIME = (
    "There was no time left to take everything away, because AWS did not answer. Delete the stack "
    "again. Until then an endpoint may go on costing money."
)


class Context(Protocol):
    """What Lambda tells of the call."""

    def get_remaining_time_in_millis(self) -> int:
        """The time until Lambda ends the call."""


def handle(event: Mapping[str, Any], context: Context) -> None:
    """Do what CloudFormation asks and tell it.

    Raises:
        InvalidEventError: nobody waits for an answer.
        OSError: CloudFormation could not be reached; Lambda calls again.
    """
    answer = Answer(event)
    remaining = context.get_remaining_time_in_millis() / 1000
    # A call that hangs must not keep the stack waiting.
    watchdog = threading.Timer(
        max(remaining - _LAST_ANSWER_SECONDS, 0), answer.fail, args=[_NO_TIME]
    )
    watchdog.daemon = True
    watchdog.start()
    wait = min(remaining - _LAST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS)
    try:
        perform(event, patience=Patience(until=time.monotonic() + wait))
    except TookTooLong as error:
        answer.fail(
            f"Waited in vain for {error}. Delete the stack again once that is over. Until then an "
            "endpoint may go on costing money."
        )
    except Exception as error:  # any failure is an answer
        log_event("tearDownFailed", level="ERROR", error=type(error).__name__)
        answer.fail(f"{type(error).__name__}: {error}. {_AGAIN}")
    else:
        answer.succeed()
    finally:
        watchdog.cancel()


def perform(event: Mapping[str, Any], *, patience: Patience) -> None:
    """Tear down on Delete, by what the properties name; do nothing on Create and Update.

    Raises:
        InvalidEventError, TookTooLong, NotDeletedError
        botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: a call was refused.
    """
    if fields.text(event, "RequestType") != "Delete":
        return
    properties = fields.mapping(event, "ResourceProperties")
    if "modelPackageGroupName" in properties:
        group = fields.text(properties, "modelPackageGroupName")
        remove_versions(aws.sagemaker(), group, patience=patience)
        return
    remove_release(
        Clients(
            sagemaker=aws.sagemaker(),
            stepfunctions=aws.stepfunctions(),
            autoscaling=aws.application_autoscaling(),
        ),
        Deployment(
            model_name=fields.text(properties, "modelName"),
            endpoint_name=fields.text(properties, "endpointName"),
            state_machine_arn=fields.text(properties, "stateMachineArn"),
        ),
        patience=patience,
    )
