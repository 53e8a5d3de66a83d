"""Which commit serves, made from which data, approved by whom, and how good it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from operate.decisions import Decision, Vote, read_decision
from operate.errors import OperateError
from operate.listing import decision_json
from operate.live import Live, read_live
from operate.put_back import PutBack, read_put_back
from operate.registry import Version, number_of, read_version
from operate.stacks import bucket_of, table_of
from operate.wording import metric_texts, printable, when

if TYPE_CHECKING:
    from boto3.session import Session

    from mlops_stacks.names import Names

_WIDTH = 10


@dataclass(frozen=True, kw_only=True)
class Lineage:
    """Where the live model comes from.

    Attributes:
        version: None if the configuration names none, or the registry has it no more.
        decision: None if the table has no approval of it.
        put_back: None if a release put it there.
        bucket: where report and manifest lie.
    """

    live: Live
    version: Version | None
    decision: Decision | None
    put_back: PutBack | None
    bucket: str


def read_lineage(session: Session, names: Names) -> Lineage:
    """Follow the endpoint back to its commit, data and decision.

    Raises:
        OperateError: nothing is live, or nothing is deployed.
    """
    bucket = bucket_of(session, names)
    live = read_live(session, names.endpoint)
    if live is None:
        raise OperateError(
            what="There is nothing to tell",
            why=f"no model of {names.model} is live: there is no endpoint {names.endpoint}",
            next_step="release a commit and approve it; `make versions` lists what was registered",
        )
    version = read_version(session, live.version_arn) if live.version_arn else None
    approval_id = version.approval_id if version else live.tags.get("approval", "")
    table = table_of(session, names)
    decision = read_decision(session, table, approval_id=approval_id) if approval_id else None
    return Lineage(
        live=live,
        version=version,
        decision=decision,
        put_back=read_put_back(session, live, version),
        bucket=bucket,
    )


def as_text(lineage: Lineage) -> str:
    """The lineage for people, a fact a line."""
    lines: list[str] = []
    for name, facts in _facts(lineage):
        for number, fact in enumerate(facts):
            lines.append(f"{'' if number else name:<{_WIDTH}} {printable(fact)}".rstrip())
    return "\n".join(lines)


def as_json(lineage: Lineage) -> dict[str, Any]:
    """The same for programs."""
    live, version, decision = lineage.live, lineage.version, lineage.decision
    back = lineage.put_back
    return {
        "endpoint": {
            "name": live.endpoint,
            "status": live.status,
            "configuration": live.configuration,
            "pendingConfiguration": live.pending or None,
            "changedAt": live.changed_at.isoformat(),
        },
        "commitId": version.commit_id if version else live.commit_id,
        "bucket": lineage.bucket,
        "version": version.to_json() if version else None,
        "decision": decision_json(decision) if decision else None,
        "putBack": {"run": back.run, "reason": back.reason or None} if back else None,
    }


def _facts(lineage: Lineage) -> Iterator[tuple[str, list[str]]]:
    live, version = lineage.live, lineage.version
    state = f"{live.endpoint}, {live.status}, last changed {when(live.changed_at)}"
    yield (
        "Endpoint",
        [state, f"configuration {live.configuration}"]
        + ([f"being updated to {live.pending}"] if live.pending else []),
    )
    if back := lineage.put_back:
        yield "Put back", [f"by run {back.run}", back.reason or "no reason is known"]
    if version is None:
        known = f"commit {live.commit_id}" if live.commit_id else "its commit is not known either"
        yield "Version", [f"not in the registry; {known}"]
        report = live.tags.get("evaluation")
        yield from _data(lineage, version=live.tags.get("data", ""), manifest="")
        yield "Report", [_uri(lineage, report) if report else "not known"]
    else:
        yield "Version", [f"{version.number}, {version.status}", version.arn]
        yield "Commit", [version.commit_id or "not known"]
        uri, digest = version.image_uri, version.image_digest
        yield "Image", [text for text in (uri, "" if digest in uri else digest) if text]
        yield from _data(lineage, version=version.data_version, manifest=version.manifest_key)
        yield "Training", list(_training(version))
        rows = f"on {version.rows} held-out rows" if version.rows else "on held-out rows"
        yield "Metrics", [f"{', '.join(metric_texts(version.metrics)) or 'none'} {rows}"]
        yield "Report", [_uri(lineage, version.report_key)]
        yield "Gate", [version.gate or "not known"]
    yield "Decision", _decision(lineage)
    run = version.execution_arn if version else ""
    if run or lineage.decision:
        yield "Run", [run or (lineage.decision.execution_arn if lineage.decision else "")]


def _data(lineage: Lineage, *, version: str, manifest: str) -> Iterator[tuple[str, list[str]]]:
    listed = [f"every object is listed in {_uri(lineage, manifest)}"] if manifest else []
    yield "Data", [f"version {version or 'not known'}", *listed]


def _training(version: Version) -> Iterator[str]:
    yield f"job {version.training_job}"
    if version.trained_by:
        yield (
            f"not trained again: the model of version {number_of(version.trained_by)} "
            f"(commit {version.trained_by_commit or 'not known'})"
        )
    if version.hyperparameters:
        yield ", ".join(f"{name} = {value}" for name, value in version.hyperparameters.items())


def _decision(lineage: Lineage) -> list[str]:
    if lineage.decision is None:
        told = lineage.version.description if lineage.version else ""
        return [told or "no approval is recorded"]
    decision = lineage.decision
    settled = f" {when(decision.settled_at)}" if decision.settled_at else ""
    return [f"{decision.status}{settled}", *map(_vote, decision.votes)]


def _vote(vote: Vote) -> str:
    reason = f": {vote.reason}" if vote.reason else ", no reason given"
    return f"{vote.approver} {vote.verdict} {when(vote.voted_at)}{reason}"


def _uri(lineage: Lineage, key: str) -> str:
    return f"s3://{lineage.bucket}/{key}" if key else "not known"
