"""What a failure means: the readable reason in its cause, and what to do about it.

Causes of failed tasks: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
Lambda's: https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from shared.text import printable

_MAX_REASON_CHARACTERS = 8000
# Where the services put the sentence a person can read, the most telling one first.
_REASON_FIELDS = ("FailureReason", "errorMessage", "Cause", "Message", "message")

# The first family with a matching word gives the advice; words are compared in lower case.
_ADVICE: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        ("accessdenied", "not authorized", "access denied", "unauthorized", "forbidden"),
        "A role lacks a permission. The reason names the role, the action and the resource: grant "
        "it in the stack that owns the role, deploy, and release again.",
    ),
    (
        ("resourcelimitexceeded", "servicequotaexceeded", "limit exceeded", "service limit"),
        "A quota of the account is used up. Stop what is not needed, choose another instance type "
        "in settings.toml, or ask for more in Service Quotas; then release again.",
    ),
    (
        ("capacityerror", "insufficient capacity", "throttl", "serviceunavailable"),
        "The service was short of capacity. Nothing is wrong with the model: release again later, "
        "or choose another instance type in settings.toml.",
    ),
    (
        (
            "cannotpull",
            "cannot pull",
            "pull the image",
            "cannotstartcontainer",
            "imagenotfound",
            "repositorynotfound",
            "manifest",
            "requested image",
            "image does not exist",
        ),
        "The container image could not be used. Check that the image above exists in the registry "
        "and starts with 'train' and 'serve'; build it again by releasing the commit again.",
    ),
    (
        ("smoketestfailed",),
        "The endpoint does not answer as the tested model did. Read its log in CloudWatch under "
        "/aws/sagemaker/Endpoints; releasing the commit before brings the old model back.",
    ),
    (
        ("malformedpredictions", "nopredictions", "samplerowtoolarge"),
        "The predictions on the held-out data could not be evaluated. Check the data under test/ "
        "in the data bucket (CSV, label first, no header) and that 'serve' writes one line for "
        "each row; then release again.",
    ),
    (
        (
            "algorithmerror",
            "clienterror",
            "could not convert",
            "valueerror",
            "no s3 objects",
            "no such file",
            "badrecord",
            "bad data",
        ),
        "The model's own code failed, or its data did. Check the data under train/ and test/ in "
        "the data bucket and the job's log in CloudWatch under /aws/sagemaker; mend the cause, "
        "then commit or release again.",
    ),
    (
        ("timeout", "timed out", "maxruntimeexceeded", "maxwaittimeexceeded"),
        "The step took longer than it may. Look at the job's log for what it was doing; give it "
        "more time or a larger instance in settings.toml, and release again.",
    ),
)
_OTHERWISE = (
    "Open the execution, look at the failed step's input and error, mend the cause, and release "
    "again. A retry is safe: every execution names its own jobs."
)


def readable_reason(cause: str | Mapping[str, Any]) -> str:
    """The sentence a person can read in a cause, which may be JSON, JSON in JSON, or plain text."""
    return (
        printable(_dig(cause, depth=4)).strip()[:_MAX_REASON_CHARACTERS] or "No reason was given."
    )


def advice(*, error: str, reason: str) -> str:
    """What to do next, by the family of the error."""
    # The error's name is the surer sign, so it is asked first.
    for sign in (error.lower(), reason.lower()):
        for words, text in _ADVICE:
            if any(word in sign for word in words):
                return text
    return _OTHERWISE


def _dig(value: object, *, depth: int) -> str:
    if isinstance(value, str):
        parsed = _parsed(value)
        return _dig(parsed, depth=depth - 1) if parsed is not None and depth else value
    if isinstance(value, Mapping):
        for name in _REASON_FIELDS:
            if value.get(name):
                return _dig(value[name], depth=depth)
    return json.dumps(value, default=str)


def _parsed(text: str) -> Mapping[str, Any] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, Mapping) else None
