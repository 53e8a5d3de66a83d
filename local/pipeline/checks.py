"""What CodePipeline refuses a definition for, found when a pipeline is deployed.

https://docs.aws.amazon.com/codepipeline/latest/userguide/reference-pipeline-structure.html
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from local.pipeline import variables
from local.pipeline.actions import KINDS, kind_of
from local.pipeline.definition import SOURCE, Action, Declaration, Definition, Stage
from local.sagemaker.validation import violations

_SERVICE = "codepipeline"
_POSITION = re.compile(r"pipeline\.stages\.(\d+)\.member(?:\.actions\.(\d+)\.member)?\.?")
_NOT_HERE_STAGE = ("blockers", "onFailure", "onSuccess", "beforeEntry")
_NOT_HERE_ACTION = ("commands", "outputVariables", "environmentVariables", "timeoutInMinutes")


def shape_faults(declaration: Declaration) -> list[str]:
    """The members that break CodePipeline's own model: missing, unknown, or of a wrong form."""
    found = violations("CreatePipeline", {"pipeline": declaration}, _SERVICE)
    faults = [_named(text, declaration) for text in found]
    if not faults and "artifactStore" not in declaration:
        faults.append("the local cloud needs one ArtifactStore")
    return faults


def faults(definition: Definition, *, region: str) -> list[str]:
    """Everything that is wrong with a definition whose shape is right."""
    return [
        *_stages(definition),
        *_not_offered(definition, region),
        *_actions(definition),
        *_artifacts(definition),
        *_namespaces(definition),
        *_triggers(definition),
    ]


def message(name: str, found: list[str]) -> str:
    """The faults as one text."""
    if len(found) == 1:
        return f"Pipeline {name} has a fault: {found[0]}"
    listed = "; ".join(f"({number}) {text}" for number, text in enumerate(found, start=1))
    return f"Pipeline {name} has {len(found)} faults: {listed}"


def _stages(definition: Definition) -> Iterator[str]:
    stages = definition.stages
    if len(stages) < 2:
        yield f"it has {len(stages)} stage, and needs two or more"
    yield from _twice("two stages have the name", (stage.name for stage in stages))
    for index, stage in enumerate(stages):
        if not stage.actions:
            yield f"stage {stage.name}: it has no action"
        yield from _twice(
            f"stage {stage.name}: two actions have the name", (a.name for a in stage.actions)
        )
        for action in stage.actions:
            if index == 0 and action.category != SOURCE:
                yield f"{_at(stage, action)}: the first stage holds source actions only"
            if index > 0 and action.category == SOURCE:
                yield f"{_at(stage, action)}: source actions belong into the first stage"


def _not_offered(definition: Definition, region: str) -> Iterator[str]:
    for stage in definition.declaration["stages"]:
        for member in _NOT_HERE_STAGE:
            if stage.get(member):
                yield f"stage {stage['name']}: the local cloud does not offer {member}"
        for action in stage["actions"]:
            at = f"stage {stage['name']}, action {action['name']}"
            for member in _NOT_HERE_ACTION:
                if action.get(member):
                    yield f"{at}: the local cloud does not offer {member}"
            if any(artifact.get("files") for artifact in action.get("outputArtifacts", [])):
                yield f"{at}: the local cloud does not offer files of output artifacts"
            if action.get("region", region) != region:
                yield f"{at}: the local cloud has the region {region}, not {action['region']}"
    if definition.declaration.get("artifactStores"):
        yield "the local cloud offers one ArtifactStore, not ArtifactStores of several regions"
    if definition.declaration.get("pipelineType", "V1") != "V2":
        for member in ("triggers", "variables"):
            if definition.declaration.get(member):
                yield f"{member} need the PipelineType V2"
        if definition.mode != "SUPERSEDED":
            yield f"the ExecutionMode {definition.mode} needs the PipelineType V2"


def _actions(definition: Definition) -> Iterator[str]:
    for stage in definition.stages:
        for action in stage.actions:
            at = _at(stage, action)
            kind = kind_of(action)
            if kind is None:
                known = ", ".join(f"{k.provider} ({' or '.join(k.categories)})" for k in KINDS)
                yield (
                    f"{at}: the local cloud does not know the action type {action.category} "
                    f"{action.owner} {action.kind} {action.version}; it knows {known}"
                )
                continue
            for word, names, (low, high) in (
                ("input", action.inputs, kind.inputs),
                ("output", action.outputs, kind.outputs),
            ):
                if not low <= len(names) <= high:
                    allowed = str(low) if low == high else f"{low} to {high}"
                    number = f"{allowed} {word} artifacts, not {len(names)}"
                    yield f"{at}: {kind.provider} takes {number}"
            given = set(action.configuration)
            missing, unknown = kind.required - given, given - kind.required - kind.optional
            if missing:
                yield f"{at}: its configuration lacks {', '.join(sorted(missing))}"
            if unknown:
                allowed = ", ".join(sorted(kind.required | kind.optional))
                yield (
                    f"{at}: its configuration has {', '.join(sorted(unknown))}, which "
                    f"{kind.provider} does not know; it knows {allowed}"
                )
            yield from (f"{at}: {text}" for text in kind.faults(action))


def _artifacts(definition: Definition) -> Iterator[str]:
    made: dict[str, tuple[tuple[int, int], str]] = {}
    for position, stage, action in _placed(definition):
        for name in action.outputs:
            if name in made:
                yield f"{_at(stage, action)}: its output artifact {name} is made by {made[name][1]}"
            else:
                made[name] = (position, f"action {action.name} of stage {stage.name}")
    for position, stage, action in _placed(definition):
        for name in action.inputs:
            if name not in made:
                known = ", ".join(made) or "none"
                yield (
                    f"{_at(stage, action)}: its input artifact {name} is made by no action; there "
                    f"are {known}"
                )
            elif made[name][0] >= position:
                yield (
                    f"{_at(stage, action)}: its input artifact {name} is not there yet: it is made "
                    f"by {made[name][1]}, which does not come before"
                )


def _namespaces(definition: Definition) -> Iterator[str]:
    positions: dict[str, tuple[tuple[int, int], str]] = {}
    for position, stage, action in _placed(definition):
        name = action.namespace
        if name in (variables.PIPELINE, variables.DECLARED):
            yield f"{_at(stage, action)}: the namespace {name} is CodePipeline's own"
        elif name in positions:
            yield f"{_at(stage, action)}: the namespace {name} is that of {positions[name][1]}"
        elif name:
            positions[name] = (position, f"action {action.name} of stage {stage.name}")
    for position, stage, action in _placed(definition):
        for member, text in action.configuration.items():
            for reference in variables.references(text):
                told = _reference_fault(definition, reference, position, positions)
                if told:
                    yield f"{_at(stage, action)}: {member} refers to #{{{reference}}}, {told}"


def _reference_fault(
    definition: Definition,
    reference: str,
    position: tuple[int, int],
    namespaces: dict[str, tuple[tuple[int, int], str]],
) -> str | None:
    parts = variables.split(reference)
    if parts is None:
        return "which is not of the form namespace.name"
    namespace, name = parts
    if namespace == variables.PIPELINE:
        offered = name in variables.PIPELINE_VARIABLES
        return None if offered else f"and {namespace} has only {variables.PIPELINE_VARIABLES[0]}"
    if namespace == variables.DECLARED:
        return None if name in definition.variables else "which the pipeline does not declare"
    if namespace not in namespaces:
        known = ", ".join(namespaces) or "none"
        return f"and no action has the namespace {namespace}; there are {known}"
    if namespaces[namespace][0] >= position:
        return f"which is put out by {namespaces[namespace][1]}, which does not come before"
    return None


def _triggers(definition: Definition) -> Iterator[str]:
    sources = {action.name for action in definition.source_actions}
    named = [trigger["gitConfiguration"]["sourceActionName"] for trigger in definition.triggers]
    yield from _twice("two triggers are of the source action", named)
    for trigger in definition.triggers:
        git = trigger["gitConfiguration"]
        at = f"the trigger of source action {git['sourceActionName']}"
        if git["sourceActionName"] not in sources:
            yield f"{at}: there is no such source action, but {', '.join(sorted(sources))}"
        if git.get("pullRequest"):
            yield f"{at}: the local cloud does not offer pull requests"
        if not git.get("push") and not git.get("pullRequest"):
            yield f"{at}: it has no filter"
        for push in git.get("push", []):
            if "tags" in push:
                yield f"{at}: the local cloud does not offer tags"
            if not push:
                yield f"{at}: a push filter is empty"
            if "filePaths" in push and "branches" not in push:
                yield f"{at}: FilePaths need Branches beside them"
            for member, criteria in push.items():
                if not criteria.get("includes") and not criteria.get("excludes"):
                    yield f"{at}: {member} has neither includes nor excludes"


def _placed(definition: Definition) -> Iterator[tuple[tuple[int, int], Stage, Action]]:
    for index, stage in enumerate(definition.stages):
        for action in stage.actions:
            yield (index, action.run_order), stage, action


def _twice(told: str, names: Iterable[str]) -> Iterator[str]:
    for name, number in Counter(names).items():
        if number > 1:
            yield f"{told} {name}"


def _at(stage: Stage, action: Action) -> str:
    return f"stage {stage.name}, action {action.name}"


def _named(text: str, declaration: Declaration) -> str:
    """A violation with names in place of `pipeline.stages.2.member.actions.1.member`."""

    def names(matched: re.Match[str]) -> str:
        stage = declaration["stages"][int(matched[1]) - 1]
        at = f"stage {stage.get('name', matched[1])}"
        if matched[2]:
            action = stage["actions"][int(matched[2]) - 1]
            at += f", action {action.get('name', matched[2])}"
        return f"{at}: "

    return _POSITION.sub(names, text).replace("'pipeline.", "'")
