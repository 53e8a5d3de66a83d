"""AWS::CodeBuild::Project for the local CloudFormation.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-codebuild-project.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ministack.core.responses import get_account_id  # type: ignore[import-untyped]
from ministack.services.cloudformation import provisioners  # type: ignore[import-untyped]

from local.codebuild.errors import BuildRefusedError
from local.codebuild.projects import Projects
from local.sagemaker.json_value import Json

Properties = Mapping[str, Any]
Resource = tuple[str, dict[str, str]]

_TYPE = "AWS::CodeBuild::Project"
# Names of the template that the API spells in another way.
_SPELLING = {"BuildSpec": "buildspec", "Triggers": "triggers"}
_NUMBERS = ("timeoutInMinutes", "queuedTimeoutInMinutes", "concurrentBuildLimit", "autoRetryLimit")


def offer_projects(projects: Projects) -> None:
    """Let templates make, change and delete projects."""

    def put(logical_id: str, properties: Properties, stack_name: str) -> Resource:
        description = describe(properties)
        description.setdefault(
            "name", provisioners._physical_name(stack_name, logical_id, max_len=150)
        )
        try:
            project = projects.put(description, account_id=get_account_id())
        except BuildRefusedError as error:
            raise ValueError(error.message) from error
        return project.name, {"Arn": project.arn}

    def create(logical_id: str, properties: Properties, stack_name: str) -> Resource:
        name = properties.get("Name")
        if name and projects.find(name, account_id=get_account_id()):
            raise ValueError(f"Project already exists: {name}")
        return put(logical_id, properties, stack_name)

    def update(physical_id: str, old: Properties, new: Properties, stack_name: str) -> Resource:
        if old.get("Name") != new.get("Name"):
            raise ValueError(f"The local cloud cannot rename the project {physical_id}.")
        return put(physical_id, {**new, "Name": physical_id}, stack_name)

    def delete(physical_id: str, properties: Properties) -> None:
        del properties
        projects.remove(physical_id, account_id=get_account_id())

    provisioners._RESOURCE_HANDLERS[_TYPE] = {"create": create, "update": update, "delete": delete}


def describe(properties: Properties) -> dict[str, Any]:
    """The properties of a template in the words of the API."""
    description: dict[str, Any] = {
        _member(name): _respelled(value) for name, value in properties.items()
    }
    for name in _NUMBERS:
        if name in description:
            description[name] = int(description[name])
    environment = description.get("environment", {})
    if "privilegedMode" in environment:
        environment["privilegedMode"] = str(environment["privilegedMode"]).lower() == "true"
    return description


def _respelled(value: Json) -> Json:
    if isinstance(value, Mapping):
        return {_member(name): _respelled(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_respelled(each) for each in value]
    return value


def _member(name: str) -> str:
    return _SPELLING.get(name, name[:1].lower() + name[1:])
