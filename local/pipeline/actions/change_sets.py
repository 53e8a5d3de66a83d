"""The CloudFormation action, as far as it makes and executes change sets.

https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CloudFormation.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.pipeline.actions.base import (
    ActionFailedError,
    Kind,
    Outcome,
    Work,
    file_faults,
    file_of,
)
from local.pipeline.actions.stacks import Stack
from local.pipeline.definition import DEPLOY, Action

REPLACE, EXECUTE = "CHANGE_SET_REPLACE", "CHANGE_SET_EXECUTE"
_NEEDED = {REPLACE: ("ChangeSetName", "TemplatePath", "RoleArn"), EXECUTE: ("ChangeSetName",)}
_FILES = ("TemplatePath", "TemplateConfiguration")
_UNCHANGED = "didn't contain changes"  # As CloudFormation words it.
_CAPABILITIES = ("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND")


def _faults(action: Action) -> Iterator[str]:
    mode = action.configuration.get("ActionMode", "")
    if mode and mode not in _NEEDED:
        yield f"the local cloud offers the ActionMode {REPLACE} and {EXECUTE}, not {mode}"
    for name in _NEEDED.get(mode, ()):
        if name not in action.configuration:
            yield f"{name} is missing, which {mode} needs"
    for name in _FILES:
        yield from file_faults(action, name)
    for name in _capabilities(action.configuration):
        if name not in _CAPABILITIES:
            yield f"Capabilities has {name}, which is none of {', '.join(_CAPABILITIES)}"
    if "ParameterOverrides" in action.configuration:
        try:
            _texts(action.configuration["ParameterOverrides"], "ParameterOverrides")
        except ValueError as error:
            yield str(error)


def _run(work: Work) -> Outcome:
    session = work.session()
    stack = Stack(
        session.client("cloudformation"),
        name=work.configuration["StackName"],
        poll_seconds=work.surroundings.poll_seconds,
        say=work.say,
    )
    try:
        if work.configuration["ActionMode"] == REPLACE:
            return _replace(work, session, stack)
        return _execute(work, stack)
    except (ClientError, BotoCoreError) as error:
        code = "PermissionError" if "AccessDenied" in str(error) else "ConfigurationError"
        raise ActionFailedError(code, f"Stack {stack.name}: {error}") from error


def _replace(work: Work, session: Any, stack: Stack) -> Outcome:  # noqa: ANN401 - a boto3 session
    given = work.configuration
    named = file_of(given["TemplatePath"])
    if named is None or named[0] not in work.inputs:
        raise ActionFailedError(
            "ConfigurationError", f"TemplatePath {given['TemplatePath']} names no file of an input"
        )
    template = work.read(session, artifact=named[0], path=named[1]).decode()
    configuration = _template_configuration(work, session)
    overrides = _texts(given.get("ParameterOverrides", "{}"), "ParameterOverrides")
    parameters = {**configuration.get("Parameters", {}), **overrides}
    work.require(
        "iam:PassRole",
        given["RoleArn"],
        context={"iam:PassedToService": "cloudformation.amazonaws.com"},
    )
    name = given["ChangeSetName"]
    stack.delete_change_set(name)
    kind = "UPDATE" if stack.exists() else "CREATE"
    with work.surroundings.offer_template(template) as url:
        made = stack.client.create_change_set(
            StackName=stack.name,
            ChangeSetName=name,
            ChangeSetType=kind,
            TemplateURL=url,
            RoleARN=given["RoleArn"],
            Capabilities=_capabilities(given),
            Parameters=[
                {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
            ],
            Tags=[
                {"Key": key, "Value": value} for key, value in configuration.get("Tags", {}).items()
            ],
        )
        work.began(made["Id"])
        change_set = stack.wait_for_change_set(name)
    if not _changes(change_set, stack, name):
        return Outcome(summary=f"Stack {stack.name}: nothing to change")
    changes = [change["ResourceChange"] for change in change_set.get("Changes", [])]
    for change in changes:
        work.say(f"{change['Action']} {change['ResourceType']} {change['LogicalResourceId']}")
    return Outcome(summary=f"Stack {stack.name}: {len(changes)} resources to change ({kind})")


def _execute(work: Work, stack: Stack) -> Outcome:
    name = work.configuration["ChangeSetName"]
    change_set = stack.wait_for_change_set(name)
    if not _changes(change_set, stack, name):
        stack.delete_change_set(name)
        return Outcome(
            variables=stack.outputs(), summary=f"Stack {stack.name}: there was nothing to change"
        )
    work.began(change_set["ChangeSetId"])
    stack.client.execute_change_set(StackName=stack.name, ChangeSetName=name)
    failure = stack.wait()
    if failure:
        raise ActionFailedError("JobFailed", failure)
    return Outcome(variables=stack.outputs(), summary=f"Stack {stack.name} is deployed")


def _changes(change_set: Mapping[str, Any], stack: Stack, name: str) -> bool:
    """Whether it changes anything: CloudFormation lets one fail that does not."""
    if change_set["Status"] != "FAILED":
        return True
    reason = change_set.get("StatusReason", "no reason")
    if _UNCHANGED not in reason:
        raise ActionFailedError(
            "JobFailed", f"The change set {name} of stack {stack.name} failed: {reason}"
        )
    return False


def _template_configuration(work: Work, session: Any) -> dict[str, Any]:  # noqa: ANN401
    text = work.configuration.get("TemplateConfiguration")
    named = file_of(text) if text else None
    if named is None:
        return {}
    read = work.read(session, artifact=named[0], path=named[1])
    try:
        found: dict[str, Any] = json.loads(read)
    except ValueError as error:
        raise ActionFailedError("ConfigurationError", f"{text} is not JSON: {error}") from error
    unknown = sorted(set(found) - {"Parameters", "Tags"})
    if unknown:
        raise ActionFailedError(
            "ConfigurationError", f"The local cloud does not offer {unknown} of {text}"
        )
    return found


def _capabilities(configuration: Any) -> list[str]:  # noqa: ANN401 - a mapping of texts
    listed = configuration.get("Capabilities", "")
    return [name.strip() for name in listed.split(",") if name.strip()]


def _texts(text: str, member: str) -> dict[str, str]:
    """A JSON object of texts.

    Raises:
        ValueError: it is something else, such as a function of CodePipeline.
    """
    try:
        found = json.loads(text)
    except ValueError as error:
        raise ValueError(f"{member} is not JSON ({error}): {text}") from error
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise ValueError(f"{member} is not an object of texts, which is all the local cloud offers")
    return found


KIND = Kind(
    categories=(DEPLOY,),
    provider="CloudFormation",
    inputs=(0, 10),
    outputs=(0, 0),  # AWS offers one, with the stack's outputs; they are variables, too.
    required=frozenset({"ActionMode", "StackName"}),
    optional=frozenset({*_NEEDED[REPLACE], *_FILES, "Capabilities", "ParameterOverrides"}),
    faults=_faults,
    run=_run,
)
