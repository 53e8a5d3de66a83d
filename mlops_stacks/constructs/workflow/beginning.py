"""A release is named, and its input looked at: a new model, or a version to put back."""

from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from mlops_stacks.constructs.workflow.expressions import (
    VERSION_TO_PUT_BACK,
    complete_input,
    release_variables,
)
from mlops_stacks.constructs.workflow.failure import FailurePath
from mlops_stacks.settings import Settings


def begin(
    scope: Construct,
    *,
    settings: Settings,
    make: sfn.IChainable,
    put_back: sfn.IChainable,
    failure: FailurePath,
) -> sfn.IChainable:
    """The first states.

    Args:
        scope: the states' construct.
        settings: all settings.
        make: where a new model begins.
        put_back: where a version that is put back begins.
        failure: where a wrong input ends.
    """
    offered = not settings.trains
    required = not settings.approval.committer_may_approve
    wrong_input = failure.explain(
        scope,
        "Explain the wrong input",
        state="Is the input complete?",
        error="InvalidReleaseInput",
        cause='Send {"commitID": "<image tag>", "imageUri": "<repository>@<digest>"'
        + (', "committer": "<e-mail of the author>"' if required else "")
        + (', "offerKey": "<key of the first environment\'s offer>"' if offered else "")
        + "}; "
        + "a tag has up to 128 letters, digits, dots, hyphens and underscores; "
        '"committer", if it is there, has up to 254 characters and no white space. '
        'Or send {"modelPackageArn": "<ARN of an approved version>"} to put a version back',
    )
    complete = sfn.Condition.jsonata(complete_input(committer_required=required, offered=offered))
    checked = (
        sfn.Choice.jsonata(scope, "Is the input complete?")
        .when(complete, make)
        .otherwise(wrong_input)
    )
    return sfn.Pass.jsonata(
        scope, "Name the release", assign=release_variables(settings.names.model, offered=offered)
    ).next(
        sfn.Choice.jsonata(scope, "A version put back?")
        .when(sfn.Condition.jsonata(VERSION_TO_PUT_BACK), put_back)
        .otherwise(checked)
    )
