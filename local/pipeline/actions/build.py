"""The CodeBuild action: a build of a project, with the pipeline's artifacts.

https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CodeBuild.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from local.codebuild.builds import BuildRefusedError, BuildRequest, Variable
from local.pipeline.actions.base import ActionFailedError, Kind, Outcome, Work
from local.pipeline.definition import BUILD, TEST, Action

_VARIABLES = "EnvironmentVariables"
_KINDS = ("PLAINTEXT", "PARAMETER_STORE", "SECRETS_MANAGER")
_NOT_HERE = ("BatchEnabled", "CombineArtifacts")


def _faults(action: Action) -> Iterator[str]:
    primary = action.configuration.get("PrimarySource")
    inputs = ", ".join(action.inputs)
    if primary is None and len(action.inputs) > 1:
        yield f"PrimarySource has to name one of its input artifacts ({inputs})"
    if primary is not None and primary not in action.inputs:
        yield f"PrimarySource {primary} is not among its input artifacts ({inputs})"
    for name in _NOT_HERE:
        if action.configuration.get(name, "false").lower() == "true":
            yield f"{name} is not offered by the local cloud"
    try:
        _variables(action.configuration.get(_VARIABLES, "[]"))
    except ValueError as error:
        yield str(error)


def _run(work: Work) -> Outcome:
    project = work.configuration["ProjectName"]
    if work.action.role_arn:
        work.session()  # Only for the question whether the role may be taken.
    account = work.role_arn.split(":")[4]
    arn = f"arn:aws:codebuild:{work.surroundings.region}:{account}:project/{project}"
    work.require("codebuild:BatchGetBuilds", arn)
    try:
        variables = _variables(work.configuration.get(_VARIABLES, "[]"))
    except ValueError as error:  # A variable's value has broken it.
        raise ActionFailedError("ConfigurationError", str(error)) from error
    primary = work.configuration.get("PrimarySource", work.action.inputs[0])
    request = BuildRequest(
        project=project,
        caller_role=work.role_arn,
        primary=primary,
        inputs=work.inputs,
        outputs=work.outputs,
        variables=variables,
        initiator=f"codepipeline/{work.definition.name}",
        source_version=work.source_version
        or f"arn:aws:s3:::{work.inputs[primary].bucket}/{work.inputs[primary].key}",
        log=work.log,
    )
    try:
        build_id = work.builds.start(request)
    except BuildRefusedError as error:
        denied = error.code == "AccessDeniedException"
        raise ActionFailedError(
            "PermissionError" if denied else "ConfigurationError",
            f"The build of {project} cannot start: {error.code}: {error.message}",
        ) from error
    work.began(build_id)
    result = work.builds.wait(build_id, cancelled=work.cancelled)
    if result.stopped:
        raise ActionFailedError("JobFailed", f"The build {build_id} was stopped")
    if not result.succeeded:
        raise ActionFailedError("JobFailed", result.failure)
    return Outcome(variables=result.exported, summary=f"The build {build_id} succeeded")


def _variables(text: str) -> list[Variable]:
    """The environment variables of an action's configuration.

    Raises:
        ValueError: it is not the JSON that CodePipeline takes.
    """
    try:
        listed = json.loads(text)
    except ValueError as error:
        raise ValueError(f"{_VARIABLES} is not JSON ({error}): {text}") from error
    if not isinstance(listed, list):
        raise ValueError(f"{_VARIABLES} is not a list: {text}")
    made = []
    for item in listed:
        known = isinstance(item, dict) and {"name", "value"} <= set(item) <= {
            "name",
            "value",
            "type",
        }
        if not known or not all(isinstance(value, str) for value in item.values()):
            raise ValueError(
                f"{_VARIABLES} has {json.dumps(item)}, not an object of the texts name, value, type"
            )
        kind = item.get("type", "PLAINTEXT")
        if kind not in _KINDS:
            raise ValueError(f"{_VARIABLES}: the type of {item['name']} is {kind}, not of {_KINDS}")
        made.append(Variable(name=item["name"], value=item["value"], kind=kind))
    return made


KIND = Kind(
    categories=(BUILD, TEST),
    provider="CodeBuild",
    inputs=(1, 5),
    outputs=(0, 5),
    required=frozenset({"ProjectName"}),
    optional=frozenset({"PrimarySource", "BuildComputeTypeOverride", _VARIABLES, *_NOT_HERE}),
    faults=_faults,
    run=_run,
)
