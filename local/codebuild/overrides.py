"""What a StartBuild request changes of its project.

https://docs.aws.amazon.com/codebuild/latest/APIReference/API_StartBuild.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.codebuild.errors import BuildRefusedError
from local.codebuild.projects import Project
from local.codebuild.request import BuildRequest, ObjectLocation, Variable

_KNOWN = (
    *("projectName", "sourceVersion", "environmentVariablesOverride", "encryptionKeyOverride"),
    *("sourceTypeOverride", "sourceLocationOverride", "artifactsOverride"),
)


def overridden(arguments: Mapping[str, Any], project: Project, *, initiator: str) -> BuildRequest:
    """The build that a StartBuild request asks for.

    A project of CodePipeline can be built without one from a zip in S3, as on AWS, if the request
    says so; its artifact then goes to S3 or nowhere.

    Raises:
        BuildRefusedError: InvalidInputException.
    """
    others = [name for name in arguments if name not in _KNOWN]
    if others:
        raise _invalid(f"The local CodeBuild does not know {', '.join(others)}.")
    return BuildRequest(
        project=project.arn,
        inputs=_source(arguments, project),
        outputs=_artifact(arguments, project),
        initiator=initiator,
        source_version=arguments.get("sourceVersion", ""),
        encryption_key=arguments.get("encryptionKeyOverride"),
        variables=[
            Variable(name=each["name"], value=each["value"], kind=each.get("type", "PLAINTEXT"))
            for each in arguments.get("environmentVariablesOverride", [])
        ],
    )


def _source(arguments: Mapping[str, Any], project: Project) -> dict[str, ObjectLocation]:
    kind = arguments.get("sourceTypeOverride", project.description["source"]["type"])
    if kind == "NO_SOURCE":
        return {}
    if kind == "CODEPIPELINE":
        raise _invalid(
            f"Project {project.name} takes its source from CodePipeline: start the pipeline, or "
            "set sourceTypeOverride to S3, sourceLocationOverride and artifactsOverride."
        )
    if kind != "S3":
        raise _invalid(f"The local CodeBuild has no source of type {kind}.")
    bucket, _, key = arguments.get("sourceLocationOverride", "").partition("/")
    if not key:
        raise _invalid("sourceLocationOverride must be <bucket>/<key of a zip>.")
    return {"source": ObjectLocation(bucket=bucket, key=key)}


def _artifact(arguments: Mapping[str, Any], project: Project) -> dict[str, ObjectLocation]:
    given = arguments.get("artifactsOverride", project.description["artifacts"])
    if given["type"] == "NO_ARTIFACTS":
        return {}
    if given["type"] == "CODEPIPELINE":
        raise _invalid("Without CodePipeline artifactsOverride must be NO_ARTIFACTS or S3.")
    if given.get("packaging") != "ZIP" or not given.get("location") or not given.get("name"):
        raise _invalid("An artifact of type S3 needs packaging ZIP, location and name here.")
    key = "/".join(part.strip("/") for part in (given.get("path", ""), given["name"]) if part)
    return {"artifact": ObjectLocation(bucket=given["location"], key=key)}


def _invalid(message: str) -> BuildRefusedError:
    return BuildRefusedError("InvalidInputException", message)
