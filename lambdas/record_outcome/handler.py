"""Target of events: count how an execution ended, and decide what it left undecided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from shared import aws
from shared.environment import required
from shared.logs import log_event
from shared.release_metrics import Figure, publish
from shared.transient import transient_errors_named

from record_outcome.ending import Ending, read_ending
from record_outcome.undecided import reject_undecided


@dataclass(frozen=True)
class Environment:
    """What the function is deployed with."""

    model_name: str
    model_package_group: str


@cache
def environment() -> Environment:
    """Read at cold start.

    Raises:
        InvalidEnvironmentError: a variable is missing.
    """
    return Environment(
        model_name=required("MODEL_NAME"), model_package_group=required("MODEL_PACKAGE_GROUP")
    )


def handle(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Record one end; returns {"outcome", "rejected"}, rejected being ARNs of versions.

    The figures go last and in one call: an event that is tried again after a failure is not counted
    twice.

    Raises:
        InvalidEventError, TransientError, botocore.exceptions.ClientError
    """
    settings = environment()
    ending = read_ending(event)
    with transient_errors_named():
        rejected = reject_undecided(
            aws.sagemaker(), ending=ending, group=settings.model_package_group
        )
        publish(
            aws.cloudwatch(), _figures(ending), model_name=settings.model_name, at=ending.ended_at
        )
    log_event(
        "outcomeRecorded",
        outcome=ending.outcome,
        execution=ending.execution_arn,
        seconds=ending.seconds,
        rejectedVersions=len(rejected),
    )
    return {"outcome": ending.outcome, "rejected": rejected}


def _figures(ending: Ending) -> list[Figure]:
    figures = [
        Figure(name="Releases", value=1, unit="Count", dimensions={"Outcome": ending.outcome})
    ]
    if ending.outcome == "live":
        figures.append(Figure(name="LeadTime", value=ending.seconds, unit="Seconds"))
    return figures
