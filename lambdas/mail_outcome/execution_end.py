"""The mail for an execution whose end the workflow itself could not mail, from its event.

https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.mail import Mail
from shared.serving import version_number

from mail_outcome.advice import advice
from mail_outcome.console import execution_link
from mail_outcome.failure import readable_reason
from mail_outcome.outcome import UNKNOWN, text

SOURCE = "aws.states"
_DETAIL_TYPE = "Step Functions Execution Status Change"

# No state can catch these, or they arise in a state that has no Catch, such as a Choice.
# https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
UNCAUGHT_ERRORS = frozenset(
    {
        "ExecutionLimitExceeded",
        "States.DataLimitExceeded",
        "States.ExecutionLimitExceeded",
        "States.IntrinsicFailure",
        "States.NoChoiceMatched",
        "States.QueryEvaluationError",
        "States.Runtime",
    }
)

_STOPPED = """\
was stopped by a person or a program before it was over.
A SageMaker job that was running is stopped with it. An approval that waited for its answer is
closed: the links in its mails say that the run was stopped."""
_TIMED_OUT = """\
took longer than the whole workflow may, and was ended.
An approval that waited for its answer is closed."""
_FAILED = """\
failed in a way that the workflow could not handle or mail.
If a mail about the same execution came before, it tells of the same failure."""

_ENDPOINT = """\
It deploys nothing more, but an update of the endpoint that had begun goes on. If the execution
came that far, see what serves:

aws sagemaker describe-endpoint \\
  --endpoint-name {endpoint} --query '[EndpointStatus,EndpointConfigName]'"""
_RELEASE_AGAIN = """\
To release it after all, retry the release stage of the pipeline, or start a new execution of the
workflow with the same input. Do not redrive this one: what it has made may be deleted by now."""


@dataclass(frozen=True)
class ExecutionEnd:
    """How an execution ended; error and cause are empty if the event has none."""

    status: str
    error: str
    cause: str
    execution_arn: str
    name: str
    model_name: str
    commit_id: str
    image_uri: str
    model_package_arn: str

    @property
    def release(self) -> str:
        """The release as a person calls it: by model and commit, else by its execution."""
        model = "" if self.model_name == UNKNOWN else f"{self.model_name} "
        if self.model_package_arn != UNKNOWN:
            number = version_number(self.model_package_arn)
            return f"{model}version {number}" if number else f"{model}execution {self.name}"
        if self.commit_id == UNKNOWN:
            return f"{model}execution {self.name}"
        return f"{model}model {self.commit_id[:8]}"

    @property
    def opening(self) -> str:
        """What was going on, as the subject of a sentence."""
        if self.model_package_arn != UNKNOWN and version_number(self.model_package_arn):
            return f"Putting back {self.release}"
        if self.commit_id == UNKNOWN:
            return f"A release, {self.release},"
        return f"The release of {self.release}"


def write_execution_mail(event: Mapping[str, Any]) -> Mail | None:
    """The mail for an end that nobody was told of; None if there is nothing to tell.

    The workflow mails every failure that it can catch, so FAILED gives a mail only for
    UNCAUGHT_ERRORS and for a failure without a name.
    """
    detail = event.get("detail")
    if event.get("detail-type") != _DETAIL_TYPE or not isinstance(detail, Mapping):
        return None
    end = _read(detail)
    match end.status:
        case "ABORTED":
            return _mail(end, subject="ABORTED", what=_STOPPED, next_step=_RELEASE_AGAIN)
        case "TIMED_OUT":
            return _mail(end, subject="TIMED OUT", what=_TIMED_OUT, next_step=_RELEASE_AGAIN)
        case "FAILED" if end.error in UNCAUGHT_ERRORS or not end.error:
            next_step = advice(error=end.error, reason=end.cause)
            return _mail(end, subject="FAILED", what=_FAILED, next_step=next_step)
        case _:
            return None


def _read(detail: Mapping[str, Any]) -> ExecutionEnd:
    cause = detail.get("cause")
    given = _input(detail.get("input"))
    return ExecutionEnd(
        status=text(detail, "status"),
        error=text(detail, "error", otherwise=""),
        cause=readable_reason(cause) if isinstance(cause, str) and cause else "",
        execution_arn=text(detail, "executionArn"),
        name=text(detail, "name"),
        model_name=_model_name(text(detail, "executionArn")),
        commit_id=text(given, "commitID"),
        image_uri=text(given, "imageUri"),
        model_package_arn=text(given, "modelPackageArn"),
    )


def _model_name(execution_arn: str) -> str:
    """The model's name: the state machine is named after it, <model>-release."""
    parts = execution_arn.split(":")
    workflow = parts[6] if len(parts) == 8 else ""
    name = workflow.removesuffix("-release")
    return name if name and name != workflow else UNKNOWN


def _input(value: object) -> Mapping[str, Any]:
    """The execution's input; empty if it is too large for the event, or no JSON object."""
    try:
        given = json.loads(value) if isinstance(value, str) else None
    except (ValueError, RecursionError):
        given = None
    return given if isinstance(given, Mapping) else {}


def _mail(end: ExecutionEnd, *, subject: str, what: str, next_step: str) -> Mail:
    why = "\n".join(part for part in (end.error, end.cause) if part) or "No reason was given."
    link = execution_link(end.execution_arn)
    # The endpoint bears the model's name.
    endpoint = "'<name of the model>'" if end.model_name == UNKNOWN else shlex.quote(end.model_name)
    body = f"""\
{end.opening} {what}

WHY

{why}


WHAT TO DO NEXT

{next_step}

{_ENDPOINT.format(endpoint=endpoint)}


WHAT IT WAS

{_facts(end)}
"""
    if link:
        body += f"\nThe execution in the console:\n{link}\n"
    return Mail.compose(subject=f"{subject}: {end.release}", body=body)


def _facts(end: ExecutionEnd) -> str:
    facts = [
        ("Model", end.model_name),
        ("Version", end.model_package_arn),
        ("Commit", end.commit_id),
        ("Image", end.image_uri),
        ("Execution", end.execution_arn),
    ]
    return "\n".join(f"{f'{name}:':<11}{value}" for name, value in facts if value != UNKNOWN)
