"""JSONata expressions and variables that the states of the release workflow share.

Step Functions evaluates what stands between `{%` and `%}`:
https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

import json
from collections.abc import Mapping


def jsonata(expression: str) -> str:
    """Mark an expression for Step Functions."""
    return f"{{% {expression} %}}"


def unmarked(marked: str) -> str:
    """The expression between the marks, to be a part of another."""
    return marked.removeprefix("{% ").removesuffix(" %}")


COMMIT_ID = jsonata("$commitId")
IMAGE_URI = jsonata("$imageUri")
EXECUTION_ID = jsonata("$states.context.Execution.Id")

EXECUTION_NAME = (
    "$replace($split($states.context.Execution.Id, ':')[-1], /[^a-zA-Z0-9_.=+@-]/, '-')"
)
"""An expression, not marked, for the run's name, of characters that a tag may hold."""

# A retry of the same state must not meet the name that its first try has taken.
ATTEMPT_NAME = jsonata(
    "$releaseName & '-' & $string($states.context.State.RetryCount)"
    # So must a redrive, which counts retries from nought again.
    " & ($states.context.Execution.RedriveCount > 0"
    " ? '-' & $string($states.context.Execution.RedriveCount) : '')"
)

RELEASE: Mapping[str, str] = {
    "commitId": COMMIT_ID,
    "imageUri": IMAGE_URI,
    "executionArn": EXECUTION_ID,
}
"""What every mail says of the release."""


VERSION = jsonata("$version")

TRAINED_BEFORE = jsonata("$trainedBefore")
"""The version whose training is made use of; its number is 0 if the release has trained."""


def training_sentence(*, offered: bool) -> str:
    """For people who read the execution's output.

    Args:
        offered: whether models are those that another environment offers.
    """
    place = " ' of ' & $trainedBefore.group &" if offered else ""
    return jsonata(
        "$putBack or $trainedBefore.number = 0 ? ($putBack ? 'not trained again: put back'"
        " : 'trained by this release') : 'not trained again: the model of version '"
        f" & $string($trainedBefore.number) &{place} ' (commit ' & $trainedBefore.commitId & ')'"
    )


COMMIT_TAG: Mapping[str, str] = {"commit": "$commitId"}


def readable(cause: str) -> str:
    """An expression for the sentence in the cause of an error, which may be a function's JSON.

    Args:
        cause: an expression for the cause.
    """
    sentence = (
        r"$match("
        + cause
        + r""", /"(?:errorMessage|FailureReason)": ?"((?:[^\\"]|\\.)*)"/)[0].groups[0]"""
    )
    quoted = r"""$replace($told, '\\"', '"')"""
    return f"($told := {sentence}; $exists($told) ? {quoted} : {cause})"


def one_line(text: str, *, characters: int) -> str:
    """An expression for a text on one line, cut.

    Args:
        text: an expression for the text.
        characters: so many at most.
    """
    return rf"$substring($replace({text}, /[\s\u0085\u2028\u2029]+/, ' '), 0, {characters})"


_DIGEST = "$hash($states.context.Execution.Id, 'SHA-256')"


def release_name(model_name: str, commit: str) -> str:
    """An expression for the name that everything of a release begins with.

    It is made of the model, the commit and a digest of the execution, so that two runs of one
    commit never share a job name. With the retry count it stays within SageMaker's 63 characters
    and its pattern `[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}`. No model name holds two hyphens in a row:
    what is allowed on the jobs of `iris` is not on those of `iris-b`.

    Args:
        model_name: the model's name.
        commit: an expression for the commit.
    """
    short_commit = f"$lowercase($substring($replace({commit}, /[^a-zA-Z0-9]/, ''), 0, 12))"
    return jsonata(f"'{model_name}--' & {short_commit} & '-' & $substring({_DIGEST}, 0, 12)")


def tag_list(
    tags: Mapping[str, str],
    expressions: Mapping[str, str] = COMMIT_TAG,
    *,
    more: str | None = None,
) -> str:
    """An expression for tags in the words of SageMaker's API.

    Args:
        tags: keys and values as they are.
        expressions: keys, and JSONata expressions for their values.
        more: an expression for one more tag, or for nothing.
    """
    values = {key: _text(value) for key, value in tags.items()} | dict(expressions)
    pairs = [f"{{'Key': {_text(key)}, 'Value': {value}}}" for key, value in values.items()]
    tagged = f"[{', '.join(pairs)}]"
    return jsonata(f"$append({tagged}, {more})" if more else tagged)


def _text(text: str) -> str:
    # JSONata writes text as JSON does; some engines take \u escapes for half a character each.
    return json.dumps(text, ensure_ascii=False)


def job_names(model_name: str) -> str:
    """A pattern for a policy: the names of everything that the model's releases make."""
    return f"{model_name}--*"


VERSION_TO_PUT_BACK = jsonata("$exists($states.input.modelPackageArn)")
"""True for `{"modelPackageArn": <version>}`: an approved version is put back."""


def release_variables(model_name: str, *, offered: bool = False) -> dict[str, object]:
    """Variables that hold for the whole run, whatever the input is.

    `approvalId` is made of the execution too: a retry must ask under the id that a mail may carry
    already, and whoever knows the execution finds its approval. `version` is registered later, and
    nothing is known of the live model before it is looked at. `trainedBefore` is the version whose
    training is made use of, if one is.

    Args:
        model_name: the model's name.
        offered: whether the model is one that another environment offers.
    """
    commit = "$exists($states.input.commitID) ? $string($states.input.commitID) : 'unknown'"
    return {
        "approvalId": jsonata(f"$substring({_DIGEST}, 0, 32)"),
        "commitId": jsonata(commit),
        "imageUri": jsonata(
            "$exists($states.input.imageUri) ? $string($states.input.imageUri) : 'unknown'"
        ),
        "committer": _text_input("committer"),
        "live": {
            "kind": "unknown",
            "problem": "",
            "modelName": "",
            "commitId": "",
            "modelPackageArn": "",
            "reportKey": "",
            "task": "",
        },
        "liveReportKey": "",
        "pipelineExecutionId": _text_input("pipelineExecutionId"),
        **({"offerKey": _text_input("offerKey")} if offered else {}),
        "previousConfiguration": "",
        "putBack": VERSION_TO_PUT_BACK,
        "reason": _text_input("reason"),
        "fingerprint": "",
        "releaseName": release_name(model_name, f"({commit})"),
        "startedAt": jsonata("$states.context.Execution.StartTime"),
        "trainedBefore": {"number": 0, "commitId": "", "modelPackageArn": ""},
        "trigger": _text_input("trigger"),
        "version": {"modelPackageArn": "", "number": 0},
    }


def _text_input(name: str) -> str:
    return jsonata(f"$type($states.input.{name}) = 'string' ? $states.input.{name} : ''")


_COMPLETE_INPUT = (
    # A tag of a container image, and a reference without white space. Nothing is anchored at the
    # end: in some engines `$` takes a line break before it.
    "$type($states.input.commitID) = 'string' and $type($states.input.imageUri) = 'string'"
    " and $contains($commitId, /^[a-zA-Z0-9]/) and $length($commitId) <= 128"
    " and $not($contains($commitId, /[^a-zA-Z0-9._-]/))"
    " and $length($imageUri) > 0 and $length($imageUri) <= 255"
    " and $not($contains($imageUri, /\\s/))"
    # An address as git has it, or none: it is compared and shown, but never mailed to.
    " and ($not($exists($states.input.committer)) or $type($states.input.committer) = 'string')"
    " and $length($committer) <= 254 and $not($contains($committer, /\\s/))"
    " and $length($pipelineExecutionId) <= 64"
    " and $trigger in ['', 'commit', 'data', 'schedule']"
)


def complete_input(*, committer_required: bool, offered: bool = False) -> str:
    """True for `{"commitID": <image tag>, "imageUri": <image reference>, "committer": <address>}`.

    The committer may be left out unless it is required; new data and time have none. `"offerKey"`
    is needed where models are offered.
    """
    named = " and ($length($committer) > 0 or $trigger in ['data', 'schedule'])"
    more = named if committer_required else ""
    more += " and $length($offerKey) > 0 and $length($offerKey) <= 1024" if offered else ""
    return jsonata(f"{_COMPLETE_INPUT}{more}")
