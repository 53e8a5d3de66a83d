"""JSONata expressions and variables that the states of the release workflow share.

Step Functions evaluates what stands between `{%` and `%}`:
https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

import json
from collections.abc import Mapping


def jsonata(expression: str) -> str:
    """Mark an expression for Step Functions."""
    return f"{{% {expression} %}}"


COMMIT_ID = jsonata("$commitId")
IMAGE_URI = jsonata("$imageUri")
EXECUTION_ID = jsonata("$states.context.Execution.Id")

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


COMMIT_TAG: Mapping[str, str] = {"commit": "$commitId"}


def tag_list(tags: Mapping[str, str], expressions: Mapping[str, str] = COMMIT_TAG) -> str:
    """An expression for tags in the words of SageMaker's API.

    Args:
        tags: keys and values as they are.
        expressions: keys, and JSONata expressions for their values.
    """
    values = {key: _text(value) for key, value in tags.items()} | dict(expressions)
    pairs = [f"{{'Key': {_text(key)}, 'Value': {value}}}" for key, value in values.items()]
    return jsonata(f"[{', '.join(pairs)}]")


def _text(text: str) -> str:
    # JSONata writes text as JSON does; some engines take \u escapes for half a character each.
    return json.dumps(text, ensure_ascii=False)


def job_names(model_name: str) -> str:
    """A pattern for a policy: the names of everything that the model's releases make."""
    return f"{model_name}--*"


def release_variables(model_name: str) -> dict[str, str]:
    """Variables that hold for the whole run, whatever the input is.

    `releaseName` is made of the model, the commit and a digest of the execution, so that two
    runs of one commit never share a job name. With the retry count it stays within SageMaker's
    63 characters and its pattern `[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}`. No model name holds two
    hyphens in a row: what is allowed on the jobs of `iris` is not on those of `iris-b`.
    `approvalId` is made of the execution too: a retry must ask under the id that a mail may carry
    already, and whoever knows the execution finds its approval.
    """
    commit = "$exists($states.input.commitID) ? $string($states.input.commitID) : 'unknown'"
    short_commit = f"$lowercase($substring($replace({commit}, /[^a-zA-Z0-9]/, ''), 0, 12))"
    digest = "$hash($states.context.Execution.Id, 'SHA-256')"
    return {
        "approvalId": jsonata(f"$substring({digest}, 0, 32)"),
        "commitId": jsonata(commit),
        "imageUri": jsonata(
            "$exists($states.input.imageUri) ? $string($states.input.imageUri) : 'unknown'"
        ),
        "committer": jsonata(
            "$type($states.input.committer) = 'string' ? $states.input.committer : ''"
        ),
        "pipelineExecutionId": jsonata(
            "$type($states.input.pipelineExecutionId) = 'string'"
            " ? $states.input.pipelineExecutionId : ''"
        ),
        "previousConfiguration": "",
        "releaseName": jsonata(
            f"'{model_name}--' & {short_commit} & '-' & $substring({digest}, 0, 12)"
        ),
        "startedAt": jsonata("$states.context.Execution.StartTime"),
    }


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
)


def complete_input(*, committer_required: bool) -> str:
    """True for `{"commitID": <image tag>, "imageUri": <image reference>, "committer": <address>}`.

    The committer may be left out unless it is required.
    """
    more = " and $length($committer) > 0" if committer_required else ""
    return jsonata(f"{_COMPLETE_INPUT}{more}")
