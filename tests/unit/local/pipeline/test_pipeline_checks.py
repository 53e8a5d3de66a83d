"""Faults of a definition, found at deployment and named with their place."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from local.pipeline import checks
from local.pipeline.definition import declaration_of, definition_of
from tests.unit.local.pipeline.examples import (
    NAME,
    REGION,
    Properties,
    action,
    action_of,
    properties,
)


def faults(made: Properties) -> list[str]:
    """What is wrong with a template's pipeline."""
    declaration = declaration_of(made, name=NAME)
    found = checks.shape_faults(declaration)
    return found or checks.faults(definition_of(declaration), region=REGION)


def test_a_pipeline_of_every_kind_of_action_has_none() -> None:
    assert faults(properties()) == []


def _rename_output(made: Properties) -> None:
    action_of(made, 1, 0)["OutputArtifacts"] = [{"Name": "Bilt"}]


def _swap_stages(made: Properties) -> None:
    made["Stages"][1:] = made["Stages"][:0:-1]


def _same_run_order(made: Properties) -> None:
    action_of(made, 1, 0)["RunOrder"] = 1
    made["Stages"][1]["Actions"].append(
        action("Check", "CodeBuild", {"ProjectName": "check"}, inputs=("Built",))
    )


def _configure(stage: int, number: int, **values: str | None) -> Callable[[Properties], None]:
    def change(made: Properties) -> None:
        configuration = action_of(made, stage, number)["Configuration"]
        for name, value in values.items():
            if value is None:
                del configuration[name]
            else:
                configuration[name] = value

    return change


def _set(stage: int, number: int, **values: Any) -> Callable[[Properties], None]:  # noqa: ANN401
    return lambda made: action_of(made, stage, number).update(values)


def _kind(provider: str, category: str) -> Callable[[Properties], None]:
    def change(made: Properties) -> None:
        made_kind = action_of(made, 2, 2)["ActionTypeId"]
        made_kind.update(Provider=provider, Category=category)

    return change


def _push(**filters: Any) -> Callable[[Properties], None]:  # noqa: ANN401
    def change(made: Properties) -> None:
        made["Triggers"][0]["GitConfiguration"]["Push"] = [filters]

    return change


def _variable(reference: str) -> str:
    return json.dumps([{"name": "COMMIT", "value": reference}])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            _rename_output,
            "stage Deploy, action Prepare: its input artifact Built is made by no action; there "
            "are Code, Bilt",
        ),
        (
            _swap_stages,
            "stage Deploy, action Prepare: its input artifact Built is not there yet: it is made "
            "by action Synth of stage Build, which does not come before",
        ),
        (_same_run_order, "stage Build, action Check: its input artifact Built is not there yet"),
        (
            _configure(2, 0, TemplatePath="Code::stack.json"),
            "stage Deploy, action Prepare: TemplatePath names a file of the artifact Code, which "
            "is not among its input artifacts (Built)",
        ),
        (_configure(2, 0, TemplatePath="stack.json"), "not of the form Artifact::path"),
        (_configure(2, 2, Input="Nothing::input.json"), "action Release: Input names a file of"),
        (_configure(2, 0, RoleArn=None), "RoleArn is missing, which CHANGE_SET_REPLACE needs"),
        (_configure(2, 0, ActionMode="CREATE_UPDATE"), "offers the ActionMode CHANGE_SET_REPLACE"),
        (_configure(2, 0, Capabilities="CAPABILITY_MAGIC"), "Capabilities has CAPABILITY_MAGIC"),
        (_configure(1, 0, ProjectName=None), "its configuration lacks ProjectName"),
        (_configure(1, 0, Project="synth"), "its configuration has Project, which CodeBuild does"),
        (_configure(1, 0, EnvironmentVariables="{"), "EnvironmentVariables is not JSON"),
        (
            _configure(1, 0, EnvironmentVariables=_variable("#{Sauce.CommitId}")),
            "EnvironmentVariables refers to #{Sauce.CommitId}, and no action has the namespace "
            "Sauce; there are Source@code, Synth, Stack",
        ),
        (
            _configure(1, 0, EnvironmentVariables=_variable("#{Stack.Uri}")),
            "refers to #{Stack.Uri}, which is put out by action Execute of stage Deploy, which "
            "does not come before",
        ),
        (
            _configure(1, 0, EnvironmentVariables=_variable("#{codepipeline.Id}")),
            "codepipeline has only PipelineExecutionId",
        ),
        (_configure(1, 0, EnvironmentVariables=_variable("#{X}")), "not of the form namespace."),
        (_set(1, 0, Namespace="Stack"), "the namespace Stack is that of action Synth"),
        (_set(1, 0, Namespace="variables"), "the namespace variables is CodePipeline's own"),
        (_set(1, 0, InputArtifacts=[]), "CodeBuild takes 1 to 5 input artifacts, not 0"),
        (
            _set(1, 0, OutputArtifacts=[{"Name": "Code"}]),
            "stage Build, action Synth: its output artifact Code is made by action Source",
        ),
        (_set(2, 0, Name="Release"), "stage Deploy: two actions have the name Release"),
        (_set(2, 2, Region="eu-west-1"), "the local cloud has the region us-east-1, not eu-west-1"),
        (_set(1, 0, TimeoutInMinutes="60"), "the local cloud does not offer timeoutInMinutes"),
        (
            _kind("Manual", "Approval"),
            "stage Deploy, action Release: the local cloud does not know the action type Approval "
            "AWS Manual 1; it knows CodeStarSourceConnection (Source), CodeCommit (Source)",
        ),
        (lambda made: made["Stages"].pop(0), "action Synth: the first stage holds source actions"),
        (lambda made: made["Stages"].reverse(), "source actions belong into the first stage"),
        (lambda made: made.update(Stages=made["Stages"][:1]), "has 1 stage, and needs two or more"),
        (lambda made: made["Stages"][2].update(Name="Build"), "two stages have the name Build"),
        (lambda made: made["Stages"][1].update(Actions=[]), "stage Build: it has no action"),
        (
            lambda made: made["Stages"][1].update(OnFailure={"Result": "FAIL"}),
            "not offer onFailure",
        ),
        (lambda made: made.update(PipelineType="V1"), "triggers need the PipelineType V2"),
        (_push(Tags={"Includes": ["v*"]}), "the local cloud does not offer tags"),
        (_push(FilePaths={"Includes": ["a"]}), "FilePaths need Branches beside them"),
        (_push(Branches={}), "branches has neither includes nor excludes"),
        (
            lambda made: made["Triggers"][0]["GitConfiguration"].update(SourceActionName="Sauce"),
            "the trigger of source action Sauce: there is no such source action, but Source",
        ),
    ],
)
def test_a_fault_is_named_with_its_place(change: Callable[[Properties], None], told: str) -> None:
    made = properties()
    change(made)
    assert told in "\n".join(faults(made))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_set(1, 0, Name="Synth it"), "stage Build, action Synth it: name"),
        (_set(1, 0, Provider="x"), "Unknown parameter, must be one of: name, actionTypeId"),
        (_set(1, 0, RunOrder="first"), "String can not be converted to Integer"),
        (lambda made: made.pop("RoleArn"), "'roleArn' failed to satisfy constraint: Member must"),
        (lambda made: made.pop("ArtifactStore"), "the local cloud needs one ArtifactStore"),
        (lambda made: made.update(ExecutionMode="RANDOM"), "enum value set: [QUEUED, SUPERSEDED"),
    ],
)
def test_a_broken_shape_is_told_in_the_words_of_aws(
    change: Callable[[Properties], object], told: str
) -> None:
    made = properties()
    change(made)
    assert told in "\n".join(faults(made))


def test_true_and_numbers_as_texts_are_taken_as_cloudformation_does() -> None:
    made = properties()
    action_of(made, 2, 1)["RunOrder"] = "2"
    declaration = declaration_of(made, name=NAME)
    definition = definition_of(declaration)
    assert definition.stages[0].actions[0].configuration["DetectChanges"] == "false"
    assert [[one.name for one in group] for group in definition.stages[2].in_order()] == [
        ["Prepare"],
        ["Execute"],
        ["Release"],
    ]


def test_several_faults_are_numbered() -> None:
    assert checks.message("p", ["a", "b"]) == "Pipeline p has 2 faults: (1) a; (2) b"
    assert checks.message("p", ["a"]) == "Pipeline p has a fault: a"
