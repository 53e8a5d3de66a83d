"""A release as a person watches it in a terminal."""

from __future__ import annotations

import contextlib
import csv
import json
import shlex
import sys
import webbrowser
from urllib.error import HTTPError

from botocore.exceptions import BotoCoreError

from local.deployment import Deployment
from local.image_build import PushedImage
from local.release import Outcome, Release, decide, get_page, get_state, predict, wait_for
from local.running_cloud import RunningCloud
from local.terminal import LocalError, say, step

_NOT_RELEASED = {"ReleaseRejected": "rejected", "ReleaseSuperseded": "superseded"}
_MAIL_SECONDS = 60
_LOOKED_AT_BYTES = 1 << 16


def release_image(
    cloud: RunningCloud,
    deployment: Deployment,
    image: PushedImage,
    *,
    committer: str,
    decision: str,
    stays: bool = True,
) -> int:
    """Release an image, show each step, and end with predictions of the live model.

    Args:
        committer: the e-mail of whoever wrote the commit; empty if unknown.
        decision: `approve` or `reject` decides over the mailed links; empty waits for people.
        stays: whether the cloud runs on afterwards, so that a person can ask it by hand.

    Returns:
        0 when the release is live, or was rejected or superseded; 1 when it failed.
    """
    release = Release.of_image(cloud, deployment, image=image, committer=committer)
    say(f"== Releasing {image.tag}: {image.uri}")
    say(f"   {release.execution_arn}")
    try:
        outcome = show_release(release, decision=decision)
    except BaseException:
        with contextlib.suppress(BotoCoreError):  # The cloud itself may have gone.
            release.abort()
        raise
    if outcome.status == "SUCCEEDED":
        try_live(cloud, deployment, outcome, by_hand=stays)
        return 0
    if was_not_wanted(outcome):
        return 0
    say(f"\n{release.mails()[-1]['body'] if release.mails() else outcome.cause}")
    why = f": {outcome.error}" if outcome.error else ""
    say(f"\nThe release ended as {outcome.status}{why}")
    return 1


def show_release(release: Release, *, decision: str) -> Outcome:
    """Show each state of a release and what is mailed; vote if `decision` says so."""
    for state in release.follow():
        say(f"   -> {state}")
        if state == "Ask for approval":
            _approve(release, decision)
    for mail in release.mails():
        say(f"   mail to {mail['to']}: {mail['subject']}")
    return release.outcome()


def was_not_wanted(outcome: Outcome) -> bool:
    """Whether a release ended without going live though nothing failed; then it is said."""
    how = _NOT_RELEASED.get(outcome.error)
    if how:
        say(f"\nThe release was {how}, and nothing was deployed. {outcome.cause}")
    return how is not None


def _approve(release: Release, decision: str) -> None:
    wait_for(
        lambda: release.approval_links() or not release.is_running(),
        seconds=_MAIL_SECONDS,
        what="the approval mail",
    )
    links = release.approval_links()
    if not links:
        return  # The run has ended otherwise, and says how.
    first = next(iter(links.values()))
    mail = next(mail for mail in release.mails() if first in mail["body"])
    say(f"\n----- mail to {mail['to']}\nSubject: {mail['subject']}\n\n{mail['body']}\n-----\n")
    page = get_page(first)  # Looking changes nothing.
    needed = get_state(first)["approvalsRequired"]
    links = wait_for(
        lambda: _enough(release.approval_links(), needed),
        seconds=_MAIL_SECONDS,
        what=f"{needed} approval mails",
    )
    if decision:
        say(f"== The page behind the link has {len(page)} characters. DECISION={decision}: voting.")
        _vote(links, decision)
        return
    opened = sys.stdout.isatty() and webbrowser.open(first)
    say(f"Approve or reject behind your own link{', the first is open' if opened else ''}.")
    say(f"Approvals needed: {needed}. One rejection rejects.")
    for address, link in links.items():
        say(f"  as {address}: {link}")


def _enough(links: dict[str, str], needed: int) -> dict[str, str] | None:
    return links if len(links) >= needed else None


def _vote(links: dict[str, str], decision: str) -> None:
    """Vote as one approver after the other until it is decided."""
    refusals = []
    for address, link in links.items():
        try:
            decide(link, decision=decision, reason=f"Decided by DECISION={decision}")
        except HTTPError as error:  # The committer's own, say.
            refusals.append(f"{address}: {error.code} {error.reason}")
            continue
        say(f"   {address}: {decision}")
        if get_state(link)["status"] != "PENDING":
            return
    raise LocalError(
        what=f"DECISION={decision} decided nothing",
        why="; ".join(refusals) or "more approvals are needed than there are mails",
        next_step="look at [approval] and the approvers in settings.toml",
    )


def _held_out(cloud: RunningCloud, deployment: Deployment) -> str:
    """The beginning of the held-out data, whole lines of it."""
    client, bucket = deployment.session(cloud).client("s3"), deployment.data_bucket
    listed = client.list_objects_v2(Bucket=bucket, Prefix="test/", MaxKeys=1)
    for item in listed.get("Contents", []):
        body = client.get_object(Bucket=bucket, Key=item["Key"])["Body"]
        text: bytes = body.read(_LOOKED_AT_BYTES)
        whole = text if len(text) < _LOOKED_AT_BYTES else text[: text.rfind(b"\n") + 1]
        return whole.decode("utf-8-sig", "replace")
    return ""


def _rows_to_ask(held_out: str, sample: str) -> tuple[str, ...]:
    """Features of two held-out rows with different labels, else of the row that was given."""
    rows = [row for row in csv.reader(held_out.splitlines()) if row]
    first = rows[:1]
    other = [row for row in rows if row[0] != rows[0][0]][:1]
    return tuple(",".join(row[1:]) for row in first + other) or (sample,)


def try_live(
    cloud: RunningCloud, deployment: Deployment, outcome: Outcome, *, by_hand: bool
) -> None:
    """Ask the live model, and say how a person does.

    Args:
        outcome: of the release that went live.
    """
    sample = outcome.output["evaluation"]["sampleRow"]
    rows = _rows_to_ask(_held_out(cloud, deployment), sample)
    url = deployment.inference_url
    if url is None:
        say('\nThe model is live. inference.access = "off": there is no public link to it.')
        return
    with step("Asking the live model"):
        answers = {row: predict(cloud, url, row, place=deployment.place) for row in rows}
    say("\nThe model is live.")
    if by_hand:
        body = shlex.quote(json.dumps({"data": rows[0]}))
        say(
            "The same by hand, after `. .local/env`:\n\n"
            f"  curl -X POST {url} \\\n"
            '    --aws-sigv4 "aws:amz:$AWS_REGION:execute-api" \\\n'
            '    --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \\\n'
            f"    -H 'Content-Type: application/json' -d {body}\n"
        )
    say(f"Inference link: {url}")
    for row, answer in answers.items():
        say(f"  {row} -> {answer}")
