"""How a release ended, read leniently: a mail with gaps is better than no mail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from shared.evaluation import Evaluation
from shared.evidence import Evidence
from shared.fields import InvalidEventError
from shared.origin import Origin, origin_from_json
from shared.text import one_line, utc_of

Kind = Literal[
    "live", "putBack", "failed", "gateFailed", "rejected", "superseded", "approvalTimedOut"
]

UNKNOWN = "unknown"


class UnknownOutcome(Exception):  # noqa: N818 - the class name is the error name in the workflow
    """The workflow reported an outcome that has no mail."""


@dataclass(frozen=True)
class Failure:
    """The state that failed; error and cause as Step Functions reports them."""

    state: str
    error: str
    cause: str | Mapping[str, Any]


@dataclass(frozen=True)
class Decision:
    """How the approval ended; decided_at as a person reads it.

    decided_by has the addresses of those who decided, votes a line for each vote.
    """

    decided_by: str
    reason: str
    decided_at: str
    votes: tuple[str, ...]


@dataclass(frozen=True)
class Version:
    """The model's registered version: its number, and its ARN."""

    number: str
    arn: str


@dataclass(frozen=True)
class Outcome:
    """The end of one execution of the workflow.

    previous_configuration is what the endpoint had before: empty if there was no endpoint, None
    if the event does not say. version is None for a release that failed before it was registered.
    evidence is there if the gate stopped the release. put_back: a failed run was to put a version
    back; reason is why it was put back, "" if nobody said. trained_before is the version whose
    training the release made use of.
    """

    kind: Kind
    model_name: str
    commit_id: str
    image_uri: str
    execution_arn: str
    endpoint_name: str
    previous_configuration: str | None
    failure: Failure
    decision: Decision | None
    evaluation: Evaluation | None
    version: Version | None
    evidence: Evidence | None
    put_back: bool
    reason: str
    trained_before: Origin | None

    @property
    def model(self) -> str:
        """The model as a person calls it: iris model 1a2b3c4d."""
        return f"{self.model_name} model {self.commit_id[:8]}"

    @property
    def endpoint(self) -> str | None:
        """The endpoint's name, if the event says it."""
        return None if self.endpoint_name == UNKNOWN else self.endpoint_name


def read_outcome(event: Mapping[str, Any]) -> Outcome:
    """Read the event.

    Raises:
        UnknownOutcome: the outcome is none of those that have a mail.
    """
    kind = event.get("outcome")
    if kind not in get_args(Kind):
        raise UnknownOutcome(
            f"Outcome {kind!r} has no mail. Send one of {', '.join(get_args(Kind))}, "
            "or an event of aws.codepipeline or aws.states."
        )
    return Outcome(
        kind=cast(Kind, kind),
        model_name=text(event, "modelName"),
        commit_id=text(event, "commitId"),
        image_uri=text(event, "imageUri"),
        execution_arn=text(event, "executionArn"),
        endpoint_name=text(event, "endpointName"),
        previous_configuration=_previous_configuration(event),
        failure=_failure(event.get("failure")),
        decision=_decision(event.get("decision")),
        evaluation=_evaluation(event.get("evaluation")),
        version=_version(event.get("version")),
        evidence=_evidence(event.get("evidence")),
        put_back=event.get("putBack") is True,
        reason=text(event, "reason", otherwise=""),
        trained_before=_origin(event),
    )


def text(event: Mapping[str, Any], name: str, *, otherwise: str = UNKNOWN) -> str:
    """The string in field *name* on one line, or *otherwise* if there is none."""
    value = event.get(name)
    return one_line(value) or otherwise if isinstance(value, str) else otherwise


def _previous_configuration(event: Mapping[str, Any]) -> str | None:
    if not isinstance(event.get("previousConfiguration"), str):
        return None
    return text(event, "previousConfiguration", otherwise="")


def _failure(value: object) -> Failure:
    parts: Mapping[str, Any] = value if isinstance(value, Mapping) else {}
    cause = parts.get("cause")
    return Failure(
        state=text(parts, "state", otherwise="an unknown step"),
        error=text(parts, "error"),
        cause=cause if isinstance(cause, str | Mapping) else "",
    )


def _decision(value: object) -> Decision | None:
    if not isinstance(value, Mapping):
        return None
    return Decision(
        decided_by=text(value, "decidedBy"),
        reason=text(value, "reason", otherwise=""),
        decided_at=utc_of(text(value, "decidedAt")),
        votes=_votes(value.get("votes")),
    )


def _votes(value: object) -> tuple[str, ...]:
    votes = value if isinstance(value, list) else []
    return tuple(_vote(vote) for vote in votes if isinstance(vote, Mapping))


def _vote(vote: Mapping[str, Any]) -> str:
    who, what = text(vote, "approver"), text(vote, "verdict")
    reason = text(vote, "reason", otherwise="")
    when = utc_of(text(vote, "votedAt"))
    return f"{who} {what} it on {when}{f': {reason}' if reason else '.'}"


def _version(value: object) -> Version | None:
    # The workflow's variable is empty before the version is registered.
    if not isinstance(value, Mapping) or not value.get("modelPackageArn"):
        return None
    number = value.get("number")
    whole = isinstance(number, int | float) and not isinstance(number, bool) and number % 1 == 0
    return Version(
        number=str(int(number)) if whole and number else UNKNOWN,
        arn=text(value, "modelPackageArn"),
    )


def _origin(event: Mapping[str, Any]) -> Origin | None:
    try:
        return origin_from_json(event)
    except InvalidEventError:
        return None


def _evaluation(value: object) -> Evaluation | None:
    try:
        return Evaluation.from_json(value) if isinstance(value, Mapping) else None
    except InvalidEventError:
        return None


def _evidence(value: object) -> Evidence | None:
    try:
        return Evidence.from_json(value) if isinstance(value, Mapping) else None
    except InvalidEventError:
        return None
