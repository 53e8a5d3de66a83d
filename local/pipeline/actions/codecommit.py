"""The source action of CodeCommit; here the same local repository stands behind it.

https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CodeCommit.html
"""

from __future__ import annotations

from collections.abc import Iterator

from local.pipeline.actions.base import Kind, Outcome, Work
from local.pipeline.actions.source import revision_of, take
from local.pipeline.definition import SOURCE, Action
from local.pipeline.repository import NOTHING

_FORMAT, _ZIP = "OutputArtifactFormat", "CODE_ZIP"
_POLL = "PollForSourceChanges"
_ASKED = ("GetBranch", "GetCommit", "UploadArchive", "GetUploadArchiveStatus")


def repository_arn(action: Action, *, pipeline_arn: str) -> str:
    """The repository of an action: one of the pipeline's own account and region."""
    region, account = pipeline_arn.split(":")[3:5]
    return f"arn:aws:codecommit:{region}:{account}:{action.configuration['RepositoryName']}"


def state_change(*, branch: str, before: str, after: str) -> dict[str, str]:
    """What CodeCommit tells EventBridge of a push, beside the repository.

    https://docs.aws.amazon.com/codecommit/latest/userguide/monitoring-events.html
    """
    return {
        "event": "referenceCreated" if before == NOTHING else "referenceUpdated",
        "referenceType": "branch",
        "referenceName": branch,
        "referenceFullName": f"refs/heads/{branch}",
        "commitId": after,
        **({} if before == NOTHING else {"oldCommitId": before}),
    }


def _faults(action: Action) -> Iterator[str]:
    form = action.configuration.get(_FORMAT, _ZIP)
    if form != _ZIP:
        yield f"the local cloud offers the {_FORMAT} {_ZIP} only, not {form}"
    if action.configuration.get(_POLL, "true").lower() != "false":
        yield f"the local cloud does not poll: set {_POLL} to false, and let a rule start it"


def _run(work: Work) -> Outcome:
    repository = repository_arn(work.action, pipeline_arn=work.pipeline_arn)
    for name in _ASKED:
        work.require(f"codecommit:{name}", repository)
    branch, name = work.configuration["BranchName"], work.configuration["RepositoryName"]
    commit = take(work, branch, named=name)
    variables = {
        "AuthorDate": commit.date,
        "BranchName": branch,
        "CommitId": commit.id,
        "CommitMessage": commit.message,
        "CommitterDate": commit.date,
        "RepositoryName": name,
    }
    return Outcome(variables=variables, revision=revision_of(commit, commit.message))


KIND = Kind(
    categories=(SOURCE,),
    provider="CodeCommit",
    inputs=(0, 0),
    outputs=(1, 1),
    required=frozenset({"RepositoryName", "BranchName"}),
    optional=frozenset({_FORMAT, _POLL}),
    faults=_faults,
    run=_run,
)
