"""A pipeline as its template or the API declares it, and as the rest of this package reads it.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-codepipeline-pipeline.html
https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PipelineDeclaration.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

SOURCE, BUILD, TEST, DEPLOY, INVOKE = "Source", "Build", "Test", "Deploy", "Invoke"

Declaration = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Action:
    """One action; `kind` is its provider, such as CodeBuild."""

    name: str
    category: str
    owner: str
    kind: str
    version: str
    run_order: int
    configuration: Mapping[str, str]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    role_arn: str | None
    namespace: str | None


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One stage, its actions as they are declared."""

    name: str
    actions: tuple[Action, ...]

    def in_order(self) -> Iterator[tuple[Action, ...]]:
        """The actions in groups that run side by side, by run order."""
        for order in sorted({action.run_order for action in self.actions}):
            yield tuple(action for action in self.actions if action.run_order == order)


@dataclass(frozen=True, kw_only=True)
class Store:
    """The artifacts' bucket, and the ARN of the key if it is a customer's."""

    bucket: str
    key_arn: str | None


@dataclass(frozen=True, kw_only=True)
class Definition:
    """A whole pipeline.

    Attributes:
        declaration: as GetPipeline answers it, without its version.
        restart_on_update: whether an update starts the newest commit again; of the template only.
    """

    name: str
    role_arn: str
    store: Store
    stages: tuple[Stage, ...]
    mode: str
    variables: Mapping[str, str | None]
    triggers: tuple[Declaration, ...]
    declaration: Declaration
    restart_on_update: bool

    @property
    def source_actions(self) -> tuple[Action, ...]:
        """The actions of the first stage."""
        return self.stages[0].actions

    def stage(self, name: str) -> Stage | None:
        """The stage of that name, if there is one."""
        return next((stage for stage in self.stages if stage.name == name), None)


def declaration_of(properties: Mapping[str, Any], *, name: str) -> dict[str, Any]:
    """The API's declaration of a template's resolved properties.

    CloudFormation spells members with a capital, and takes true for "true" where a text is due.
    """
    own = ("Name", "RestartExecutionOnUpdate", "Tags", "DisableInboundStageTransitions")
    declared = {
        _small(key): _converted(_small(key), value)
        for key, value in properties.items()
        if key not in own
    }
    return {"name": name, **declared}


def definition_of(declaration: Declaration, *, restart_on_update: bool = False) -> Definition:
    """Read a declaration that `checks.shape_faults` finds nothing wrong with."""
    store = declaration["artifactStore"]
    return Definition(
        name=declaration["name"],
        role_arn=declaration["roleArn"],
        store=Store(bucket=store["location"], key_arn=store.get("encryptionKey", {}).get("id")),
        stages=tuple(
            Stage(name=stage["name"], actions=tuple(map(_action, stage["actions"])))
            for stage in declaration["stages"]
        ),
        mode=declaration.get("executionMode", "SUPERSEDED"),
        variables={
            variable["name"]: variable.get("defaultValue")
            for variable in declaration.get("variables", [])
        },
        triggers=tuple(declaration.get("triggers", [])),
        declaration=declaration,
        restart_on_update=restart_on_update,
    )


def _action(declared: Declaration) -> Action:
    kind = declared["actionTypeId"]
    return Action(
        name=declared["name"],
        category=kind["category"],
        owner=kind["owner"],
        kind=kind["provider"],
        version=kind["version"],
        run_order=declared.get("runOrder", 1),
        configuration=declared.get("configuration", {}),
        inputs=tuple(artifact["name"] for artifact in declared.get("inputArtifacts", [])),
        outputs=tuple(artifact["name"] for artifact in declared.get("outputArtifacts", [])),
        role_arn=declared.get("roleArn"),
        namespace=declared.get("namespace"),
    )


def _converted(key: str, value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    if key == "configuration" and isinstance(value, Mapping):
        return {name: _text(item) for name, item in value.items()}
    if isinstance(value, Mapping):
        return {_small(name): _converted(_small(name), item) for name, item in value.items()}
    if isinstance(value, list):
        return [_converted("", item) for item in value]
    if key in ("runOrder", "timeoutInMinutes") and isinstance(value, str) and value.isdigit():
        return int(value)
    return value


def _text(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


def _small(name: str) -> str:
    return name[:1].lower() + name[1:]
