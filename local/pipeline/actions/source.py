"""The source action of a connection; here a local repository stands behind all of them.

https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CodestarConnectionSource.html
"""

from __future__ import annotations

import datetime
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

from local.pipeline.actions.base import ActionFailedError, Kind, Outcome, Revision, Work
from local.pipeline.artifacts import ArtifactError
from local.pipeline.definition import SOURCE, Action
from local.pipeline.repository import Commit, RepositoryError

_FORMAT = "OutputArtifactFormat"
_ZIP = "CODE_ZIP"


def _faults(action: Action) -> Iterator[str]:
    form = action.configuration.get(_FORMAT, _ZIP)
    if form != _ZIP:
        yield f"the local cloud offers the {_FORMAT} {_ZIP} only, not {form}"
    detect = action.configuration.get("DetectChanges", "true")
    if detect.lower() not in ("true", "false"):
        yield f"DetectChanges is {detect!r}, not true or false"
    arn = action.configuration.get("ConnectionArn", "")
    parts = arn.split(":")
    if arn and (len(parts) != 6 or parts[2] not in ("codeconnections", "codestar-connections")):
        yield f"ConnectionArn {arn} is not the ARN of a connection"
    if arn and "/" not in action.configuration.get("FullRepositoryId", "/"):
        yield "FullRepositoryId is not of the form owner/name"


def _run(work: Work) -> Outcome:
    given = work.configuration
    connection = given["ConnectionArn"]
    service = connection.split(":")[2]
    branch = work.branch or given["BranchName"]
    context = {
        f"{service}:FullRepositoryId": given["FullRepositoryId"],
        f"{service}:BranchName": branch,
    }
    work.require(f"{service}:UseConnection", connection, context=context)
    commit = take(work, branch, named=given["FullRepositoryId"])
    variables = {
        "AuthorDate": commit.date,
        "AuthorDisplayName": commit.author_name,
        "AuthorEmail": commit.author_email,
        "AuthorId": commit.author_email.partition("@")[0],
        "BranchName": branch,
        "CommitId": commit.id,
        "CommitMessage": commit.message,
        "ConnectionArn": connection,
        "FullRepositoryName": given["FullRepositoryId"],
    }
    told = {"ProviderType": "GitHub", "CommitMessage": commit.message}
    return Outcome(variables=variables, revision=revision_of(commit, json.dumps(told)))


def take(work: Work, branch: str, *, named: str) -> Commit:
    """Put the files of the due commit into the output artifact.

    Args:
        named: the repository, for the log.

    Raises:
        ActionFailedError: there is no such commit, or the artifact cannot be put.
    """
    repository = work.surroundings.repository
    try:
        commit_id = work.commit or repository.tip(branch)
        if commit_id is None:
            raise RepositoryError(f"There is no branch {branch} in {repository.folder}")
        commit = repository.commit(commit_id)
    except RepositoryError as error:
        raise ActionFailedError("RevisionUnavailable", str(error)) from error
    work.say(f"{named} {branch}: {commit.id} by {commit.author_name}")
    [(name, location)] = work.outputs.items()
    session = work.session()
    with tempfile.TemporaryDirectory() as folder:
        zipped = Path(folder) / "source.zip"
        try:
            repository.archive(commit.id, zipped)
            work.artifacts(session).put(name, location, zipped)
        except RepositoryError as error:
            raise ActionFailedError("JobFailed", str(error)) from error
        except ArtifactError as error:
            raise ActionFailedError("PermissionError", str(error)) from error
        work.say(f"{name}: {zipped.stat().st_size} bytes at s3://{location.bucket}/{location.key}")
    return commit


def revision_of(commit: Commit, summary: str) -> Revision:
    """A commit as an execution's source revision."""
    created = datetime.datetime.fromisoformat(commit.date).timestamp()
    return Revision(id=commit.id, summary=summary[:2048], created=created)


KIND = Kind(
    categories=(SOURCE,),
    provider="CodeStarSourceConnection",
    inputs=(0, 0),
    outputs=(1, 1),
    required=frozenset({"ConnectionArn", "FullRepositoryId", "BranchName"}),
    optional=frozenset({_FORMAT, "DetectChanges"}),
    faults=_faults,
    run=_run,
)
