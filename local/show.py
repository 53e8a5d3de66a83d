"""A release as a person watches it in a terminal."""

from __future__ import annotations

import contextlib
import os
import sys
import webbrowser

from botocore.exceptions import BotoCoreError

from local.deployment import Deployment
from local.release import Release, decide, get_page, predict
from local.running_cloud import RunningCloud
from local.terminal import LocalError, say, step

_EXAMPLES = ("4.5,1.3,0.3,0.3", "5.9,3,5.1,1.8")
_REJECTED = "ReleaseRejected"


def decision_wanted() -> str:
    """`approve`, `reject`, or empty when a person shall decide.

    Raises:
        LocalError: DECISION has another value.
    """
    decision = os.environ.get("DECISION", "")
    if decision not in ("", "approve", "reject"):
        raise LocalError(
            what=f"DECISION={decision} is not known",
            why="a release is approved or rejected",
            next_step="use DECISION=approve or reject, or leave it out to decide by the link",
        )
    return decision


def release_image(
    cloud: RunningCloud, deployment: Deployment, image_uri: str, *, decision: str
) -> int:
    """Release an image, show each step, and end with predictions of the live model.

    Args:
        decision: `approve` or `reject` decides over the mailed link; empty waits for a person.

    Returns:
        0 when the release is live, or was rejected; 1 when it failed.
    """
    release = Release.of_image(cloud, deployment, image_uri=image_uri)
    say(f"== Releasing {image_uri}")
    say(f"   {release.execution_arn}")
    try:
        for state in release.follow():
            say(f"   -> {state}")
            if state == "Ask for approval":
                _approve(release, decision)
    except BaseException:
        with contextlib.suppress(BotoCoreError):  # The cloud itself may have gone.
            release.abort()
        raise
    outcome = release.outcome()
    for mail in release.mails():
        say(f"   mail to {mail['to']}: {mail['subject']}")
    if outcome.status == "SUCCEEDED":
        _try(cloud, deployment)
        return 0
    if outcome.error == _REJECTED:
        say(f"\nThe release was rejected, and nothing was deployed. {outcome.cause}")
        return 0
    say(f"\n{release.mails()[-1]['body'] if release.mails() else outcome.cause}")
    say(f"\nThe release ended as {outcome.status}: {outcome.error}")
    return 1


def _approve(release: Release, decision: str) -> None:
    link = release.wait_for_approval_link()
    mail = next(mail for mail in reversed(release.mails()) if link in mail["body"])
    say(f"\n----- mail to {mail['to']}\nSubject: {mail['subject']}\n\n{mail['body']}\n-----\n")
    page = get_page(link)  # Looking changes nothing.
    if not decision:
        opened = sys.stdout.isatty() and webbrowser.open(link)
        say(f"{'Opened' if opened else 'Open'} {link} and approve or reject there …")
        return
    say(f"== The page behind the link has {len(page)} characters. DECISION={decision}: sending it.")
    decide(link, decision=decision, reason=f"Decided by DECISION={decision}", name="make")


def _try(cloud: RunningCloud, deployment: Deployment) -> None:
    url = deployment.inference_url
    if url is None:
        say('\nThe model is live. inference.access = "off": there is no public link to it.')
        return
    with step("Asking the live model"):
        answers = {row: predict(cloud, url, row) for row in _EXAMPLES}
    say("\nThe model is live. The same by hand, after `. .local/env`:\n")
    say(
        f"  curl -X POST {url} \\\n"
        '    --aws-sigv4 "aws:amz:$AWS_REGION:execute-api" \\\n'
        '    --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \\\n'
        "    -H 'Content-Type: application/json' "
        f"""-d '{{"data": "{_EXAMPLES[0]}"}}'\n"""
    )
    say(f"Inference link: {url}")
    for row, answer in answers.items():
        say(f"  {row} -> {answer}")
