"""Target of events: delete what releases have left behind and nothing needs any more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from shared import aws
from shared.environment import count, required
from shared.logs import log_event
from shared.release_resources import delete_all
from shared.transient import transient_errors_named

from clean_up.inventory import Place, take_inventory
from clean_up.plan import make_plan

_MOST_VERSIONS = 1000


@dataclass(frozen=True)
class Environment:
    """What the function is deployed with."""

    place: Place
    keep_versions: int


@cache
def environment() -> Environment:
    """Read at cold start.

    Raises:
        InvalidEnvironmentError: a variable is missing or wrong.
    """
    return Environment(
        place=Place(
            model_name=required("MODEL_NAME"),
            endpoint_name=required("ENDPOINT_NAME"),
            model_package_group=required("MODEL_PACKAGE_GROUP"),
            state_machine_arn=required("STATE_MACHINE_ARN"),
        ),
        keep_versions=count("KEEP_VERSIONS", at_most=_MOST_VERSIONS),
    )


def handle(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Clean up; returns the names of what was deleted, and why nothing was, if so.

    It may run at any time, also twice at once. All is read before anything is deleted: what cannot
    be read makes it fail, and Lambda calls it again.

    Raises:
        TransientError, NotDeletedError, botocore.exceptions.ClientError
    """
    settings = environment()
    sagemaker = aws.sagemaker()
    with transient_errors_named():
        inventory = take_inventory(
            sagemaker, aws.stepfunctions(), place=settings.place, ended=_ended(event)
        )
    plan = make_plan(
        inventory, model_name=settings.place.model_name, keep_versions=settings.keep_versions
    )
    if plan.postponed:
        log_event("cleanUpPostponed", reason=plan.postponed)
    else:
        delete_all(sagemaker, configurations=plan.configurations, models=plan.models)
        log_event("cleanedUp", configurations=len(plan.configurations), models=len(plan.models))
    return {
        "configurations": list(plan.configurations),
        "models": list(plan.models),
        "postponed": plan.postponed,
    }


def _ended(event: Mapping[str, Any]) -> str:
    """The execution whose end the event tells, or ""."""
    detail = event.get("detail")
    arn = detail.get("executionArn") if isinstance(detail, Mapping) else None
    return arn if isinstance(arn, str) else ""
