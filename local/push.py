"""What git runs when something is pushed to a local cloud: `python -m local.push received|updated`.

The hooks of `source.git` call it. git shows what it prints as `remote:` lines, in the terminal of
whoever pushes.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError, URLError

from local.decision import decision_wanted
from local.repository import SourceRepository
from local.running_cloud import RunningCloud
from local.terminal import LocalError, complain, say

FOLLOW = "FOLLOW"
_BRANCHES = "refs/heads/"
_ANSWER_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Update:
    """A reference that git has moved; a commit is a full hash, of zeros where there is none."""

    before: str
    after: str
    reference: str

    @classmethod
    def parse(cls, line: str) -> Update:
        """A line as a hook gets it: https://git-scm.com/docs/githooks#post-receive"""
        before, after, reference = line.rstrip("\n").split(" ", 2)
        return cls(before=before, after=after, reference=reference)

    @property
    def branch(self) -> str | None:
        """The branch's name; None for a tag."""
        if not self.reference.startswith(_BRANCHES):
            return None
        return self.reference.removeprefix(_BRANCHES)


def main() -> int:
    """Run as a hook; a code other than 0 refuses the push before anything is taken."""
    parser = argparse.ArgumentParser(prog="python -m local.push", description=__doc__)
    parser.add_argument("moment", choices=["received", "updated"])
    parser.add_argument("--state-dir", type=Path, required=True)
    arguments = parser.parse_args()
    updates = [Update.parse(line) for line in sys.stdin]
    try:
        decision = decision_wanted()
        cloud = _cloud(arguments.state_dir)
        if arguments.moment == "updated":
            _updated(cloud, updates, decision=decision)
    except LocalError as error:
        complain(error)
        return 1
    except URLError as error:
        say(f"The local cloud does not answer: {error}")
        return 1
    except (KeyboardInterrupt, BrokenPipeError):
        # Whoever pushed looks no longer. What is still buffered goes nowhere.
        os._exit(130)
    return 0


def _cloud(state_dir: Path) -> RunningCloud:
    cloud = RunningCloud.find(state_dir)
    if cloud is None:
        raise LocalError(
            what="Nothing was taken",
            why="the local cloud does not run, so no pipeline would start",
            next_step="run `make up`, then push again",
        )
    return cloud


def _updated(cloud: RunningCloud, updates: Iterable[Update], *, decision: str) -> None:
    started: list[str] = []
    for update in updates:
        if update.branch is None:
            say(f"{update.reference} is no branch: nothing starts.")
            continue
        for outcome in _tell(cloud, update):
            if outcome["execution_id"]:
                started.append(outcome["execution_id"])
            else:
                say(f"{outcome['pipeline']} does not start: {outcome['reason']}")
    if not started:
        return
    if os.environ.get(FOLLOW) == "0":
        say(f"Started: run {', '.join(started)}")
        return
    _follow(cloud, started, decision=decision)


def _follow(cloud: RunningCloud, started: Iterable[str], *, decision: str) -> None:
    # An AWS client takes a second to load, which a hook that starts nothing is spared.
    from botocore.exceptions import EndpointConnectionError

    from local.progress import Progress, pipeline_of

    subject = SourceRepository(state_dir=cloud.state_dir).subject_of
    try:
        for execution_id in started:
            progress = Progress(cloud, pipeline_of(cloud), decision=decision, subject=subject)
            progress.follow(execution_id)
    except EndpointConnectionError as error:
        say(f"The local cloud does not answer any more: {error}")


def _tell(cloud: RunningCloud, update: Update) -> list[dict[str, str]]:
    """Tell the cloud of a push, as a connection tells AWS; what its pipelines make of it."""
    pushed = {"branch": update.branch, "before": update.before, "after": update.after}
    request = urllib.request.Request(  # noqa: S310
        f"{cloud.inbox_url}/_local/push",
        data=json.dumps(pushed).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=_ANSWER_SECONDS) as answer:  # noqa: S310
            outcomes: list[dict[str, str]] = json.load(answer)
            return outcomes
    except HTTPError as error:
        raise LocalError(
            what="The local cloud could not take the push",
            why=f"{error.code} {error.read().decode(errors='replace').strip()}",
            next_step=f"read {cloud.state_dir / 'cloud.log'}",
        ) from error


if __name__ == "__main__":
    sys.exit(main())
